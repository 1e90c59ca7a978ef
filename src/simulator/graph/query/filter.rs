//! `$filter`: of `OData`'s expressions what Graph takes for directory objects
//! (<https://learn.microsoft.com/graph/filter-query-parameter>).

use serde_json::Value;

use super::super::super::errors::Refusal;
use super::super::properties;

/// A condition on one object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare(Path, Op, Literal),
    In(Path, Vec<Literal>),
    Starts(Path, String),
    Ends(Path, String),
    /// How many elements a collection has.
    Count(Path, Op, f64),
    /// At least one element of a collection is so; the element's name in the condition.
    Any(Path, String, Box<Self>),
}

/// The names of a property and of what is within it.
type Path = Vec<String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Flag(bool),
    Number(f64),
    /// A text, or what stands without quotes: an id, a date.
    Text(String),
}

/// Where the properties of an object come from: by name, in any case.
pub(super) type Properties<'a> = &'a dyn Fn(&str) -> Value;

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong = || {
            Refusal::new(
                400,
                "Request_UnsupportedQuery",
                format!("Unsupported or invalid query filter clause: '{text}'."),
            )
        };
        let mut tokens = tokens(text).ok_or_else(wrong)?;
        tokens.reverse();
        let mut parser = Parser { left: tokens };
        let all = parser.or().ok_or_else(wrong)?;
        if parser.left.is_empty() {
            Ok(all)
        } else {
            Err(wrong())
        }
    }

    pub(super) fn holds(&self, of: Properties<'_>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.holds(of)),
            Self::Or(all) => all.iter().any(|one| one.holds(of)),
            Self::Not(one) => !one.holds(of),
            Self::Compare(path, op, literal) => compare(&at(path, of), *op, literal),
            Self::In(path, list) => {
                let value = at(path, of);
                list.iter().any(|one| compare(&value, Op::Eq, one))
            }
            Self::Starts(path, text) => at(path, of)
                .as_str()
                .is_some_and(|value| value.to_lowercase().starts_with(&text.to_lowercase())),
            Self::Ends(path, text) => at(path, of)
                .as_str()
                .is_some_and(|value| value.to_lowercase().ends_with(&text.to_lowercase())),
            Self::Count(path, op, number) => {
                let length = at(path, of).as_array().map_or(0, Vec::len);
                ordered((length as f64).partial_cmp(number), *op)
            }
            Self::Any(path, name, condition) => {
                let within = |element: &Value| {
                    let element = element.clone();
                    condition.holds(&move |asked: &str| {
                        if asked == name.as_str() {
                            element.clone()
                        } else {
                            Value::Null
                        }
                    })
                };
                at(path, of)
                    .as_array()
                    .is_some_and(|all| all.iter().any(within))
            }
        }
    }

    /// Whether it is answered with `ConsistencyLevel: eventual` and `$count=true` alone
    /// (<https://learn.microsoft.com/graph/aad-advanced-queries>).
    pub(super) fn is_advanced(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::is_advanced),
            Self::Not(_) | Self::Ends(..) | Self::Count(..) | Self::Compare(_, Op::Ne, _) => true,
            Self::Compare(..) | Self::In(..) | Self::Starts(..) => false,
            Self::Any(_, _, condition) => condition.is_advanced(),
        }
    }

    /// Whether it compares a property that is true or false with something else.
    pub(super) fn is_mistyped(&self) -> bool {
        let wrong = |path: &Path, literal: &Literal| {
            let flag = matches!(path.as_slice(), [name] if properties::is_flag(name));
            flag && matches!(literal, Literal::Text(_) | Literal::Number(_))
        };
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::is_mistyped),
            Self::Not(one) => one.is_mistyped(),
            Self::Compare(path, _, literal) => wrong(path, literal),
            Self::In(path, list) => list.iter().any(|one| wrong(path, one)),
            Self::Starts(..) | Self::Ends(..) | Self::Count(..) | Self::Any(..) => false,
        }
    }

    /// The properties of the object itself that it asks about.
    pub(super) fn properties(&self) -> Vec<&str> {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().flat_map(Self::properties).collect(),
            Self::Not(one) => one.properties(),
            Self::Compare(path, ..)
            | Self::In(path, _)
            | Self::Starts(path, _)
            | Self::Ends(path, _)
            | Self::Count(path, ..)
            | Self::Any(path, ..) => path.first().map(String::as_str).into_iter().collect(),
        }
    }

    /// Where it is nothing but `name eq 'a' or name eq 'b' …` (or `in`): the values.
    pub(super) fn values_of(&self, name: &str) -> Option<Vec<String>> {
        let text = |path: &Path, literal: &Literal| match literal {
            Literal::Text(text) if path.len() == 1 && path[0].eq_ignore_ascii_case(name) => {
                Some(text.clone())
            }
            _ => None,
        };
        match self {
            Self::Compare(path, Op::Eq, literal) => Some(vec![text(path, literal)?]),
            Self::In(path, list) => list.iter().map(|one| text(path, one)).collect(),
            Self::Or(all) => {
                let each: Option<Vec<_>> = all.iter().map(|one| one.values_of(name)).collect();
                Some(each?.concat())
            }
            _ => None,
        }
    }
}

/// The value at the end of a path.
fn at(path: &Path, of: Properties<'_>) -> Value {
    let Some((first, rest)) = path.split_first() else {
        return Value::Null;
    };
    rest.iter().fold(of(first), |value, name| {
        let fields = value.as_object();
        let found =
            fields.and_then(|all| all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)));
        found.map_or(Value::Null, |(_, value)| value.clone())
    })
}

fn compare(value: &Value, op: Op, literal: &Literal) -> bool {
    let order = match (value, literal) {
        (Value::Null, Literal::Null) => Some(std::cmp::Ordering::Equal),
        (Value::Bool(one), Literal::Flag(other)) => Some(one.cmp(other)),
        (Value::Number(one), Literal::Number(other)) => {
            one.as_f64().and_then(|one| one.partial_cmp(other))
        }
        (Value::String(one), Literal::Text(other)) => {
            Some(one.to_lowercase().cmp(&other.to_lowercase()))
        }
        _ => None,
    };
    match order {
        // What is of another kind, or not there, is not the same.
        None => op == Op::Ne,
        order => ordered(order, op),
    }
}

fn ordered(order: Option<std::cmp::Ordering>, op: Op) -> bool {
    order.is_some_and(|order| match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Word(String),
    Quoted(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut left = text.chars().peekable();
    while let Some(one) = left.next() {
        out.push(match one {
            ' ' | '\t' => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '\'' => {
                let mut value = String::new();
                loop {
                    match left.next()? {
                        // Two of them are one.
                        '\'' if left.next_if_eq(&'\'').is_some() => value.push('\''),
                        '\'' => break,
                        other => value.push(other),
                    }
                }
                Token::Quoted(value)
            }
            first => {
                let mut word = String::from(first);
                while let Some(next) = left.next_if(|next| !" \t(),'".contains(*next)) {
                    word.push(next);
                }
                Token::Word(word)
            }
        });
    }
    Some(out)
}

/// How deep conditions may be within each other.
const DEEPEST: usize = 20;

/// The tokens that are left, the next one last.
struct Parser {
    left: Vec<Token>,
}

impl Parser {
    fn takes(&mut self, wanted: &Token) -> Option<()> {
        (self.left.pop()? == *wanted).then_some(())
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.left.last(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word))
    }

    fn or(&mut self) -> Option<Filter> {
        let opened = self.left.iter().filter(|one| **one == Token::Open).count();
        if opened > DEEPEST {
            return None;
        }
        let mut all = vec![self.and()?];
        while self.is_word("or") {
            self.left.pop();
            all.push(self.and()?);
        }
        Some(if all.len() == 1 {
            all.remove(0)
        } else {
            Filter::Or(all)
        })
    }

    fn and(&mut self) -> Option<Filter> {
        let mut all = vec![self.one()?];
        while self.is_word("and") {
            self.left.pop();
            all.push(self.one()?);
        }
        Some(if all.len() == 1 {
            all.remove(0)
        } else {
            Filter::And(all)
        })
    }

    fn one(&mut self) -> Option<Filter> {
        let mut turned = false;
        while self.is_word("not") {
            self.left.pop();
            turned = !turned;
        }
        let one = match self.left.pop()? {
            Token::Open => {
                let inner = self.or()?;
                self.takes(&Token::Close)?;
                inner
            }
            Token::Word(word) if self.left.last() == Some(&Token::Open) => self.called(&word)?,
            Token::Word(word) => self.compared(&word)?,
            _ => return None,
        };
        Some(if turned {
            Filter::Not(Box::new(one))
        } else {
            one
        })
    }

    /// `startsWith(name,'x')`, `endsWith(name,'x')`, `names/any(n:n eq 'x')`.
    fn called(&mut self, word: &str) -> Option<Filter> {
        self.takes(&Token::Open)?;
        if let Some(collection) = word.strip_suffix("/any") {
            let Token::Word(bound) = self.left.pop()? else {
                return None;
            };
            let (name, rest) = bound.split_once(':')?;
            if !rest.is_empty() {
                self.left.push(Token::Word(rest.to_owned()));
            }
            let inner = self.or()?;
            self.takes(&Token::Close)?;
            let condition = Box::new(inner);
            return Some(Filter::Any(path(collection), name.to_owned(), condition));
        }
        let Token::Word(name) = self.left.pop()? else {
            return None;
        };
        self.takes(&Token::Comma)?;
        let Token::Quoted(text) = self.left.pop()? else {
            return None;
        };
        self.takes(&Token::Close)?;
        match word.to_ascii_lowercase().as_str() {
            "startswith" => Some(Filter::Starts(path(&name), text)),
            "endswith" => Some(Filter::Ends(path(&name), text)),
            _ => None,
        }
    }

    /// `name eq 'x'`, `name in ('x','y')`, `names/$count ne 0`.
    fn compared(&mut self, name: &str) -> Option<Filter> {
        let Token::Word(word) = self.left.pop()? else {
            return None;
        };
        if word.eq_ignore_ascii_case("in") {
            self.takes(&Token::Open)?;
            let mut list = vec![self.literal()?];
            while self.left.last() == Some(&Token::Comma) {
                self.left.pop();
                list.push(self.literal()?);
            }
            self.takes(&Token::Close)?;
            return Some(Filter::In(path(name), list));
        }
        let op = match word.to_ascii_lowercase().as_str() {
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return None,
        };
        let literal = self.literal()?;
        match (name.strip_suffix("/$count"), &literal) {
            (Some(collection), Literal::Number(number)) => {
                Some(Filter::Count(path(collection), op, *number))
            }
            (Some(_), _) => None,
            (None, _) => Some(Filter::Compare(path(name), op, literal)),
        }
    }

    fn literal(&mut self) -> Option<Literal> {
        match self.left.pop()? {
            Token::Quoted(text) => Some(Literal::Text(text)),
            Token::Word(word) => Some(match word.as_str() {
                "null" => Literal::Null,
                "true" => Literal::Flag(true),
                "false" => Literal::Flag(false),
                word => word
                    .parse()
                    .map_or_else(|_| Literal::Text(word.to_owned()), Literal::Number),
            }),
            _ => None,
        }
    }
}

fn path(text: &str) -> Path {
    text.split('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
