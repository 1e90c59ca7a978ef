//! A row: one call, as a person can compare it with Microsoft's page, and what the client makes of it.

use crate::server::Seen;
use serde_json::Value;
use tenant_closure::closure::intent::Intent;
use tenant_closure::closure::inventory::{Entry, Kind};
use tenant_closure::closure::observation::{Fact, Observation, Question};
use tenant_closure::microsoft::{Service, find_call};

/// What the client is made to do, so that it makes the call.
#[derive(Clone)]
pub enum Run {
    /// Asks a question; what is understood, in words.
    Ask(Question, fn(&Observation) -> Fact<String>),
    /// Carries an intent out and looks back at it.
    Perform(Intent),
    /// Looks back at an intent that another life carried out: reads only.
    LookBack(Intent),
    /// Lists a kind for an inventory; the lines, in words. Where something of it is lacking, why.
    List(Kind, fn(&[Entry]) -> String),
    /// Asks for a code for a person to sign in with.
    SignIn,
    /// Waits until a person has signed in with it.
    SignedIn,
}

/// What the application proves itself with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Its secret, `hunter2`.
    Secret,
    /// The certificate of these tests.
    Certificate,
    /// The token that lies in a file.
    FederatedToken,
}

/// What is answered.
#[derive(Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beyond the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Value,
}

impl Reply {
    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }
}

/// What became of an effect can be read at this call: the reply before and after it.
pub struct Settled {
    /// `METHOD /path`, as the list of calls has it.
    pub call: &'static str,
    /// While nothing has become of it.
    pub before: Value,
    /// Afterwards.
    pub after: Reply,
}

/// Where a call does not behave as its kind does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum But {
    /// It is a listing in pages.
    Paged,
    /// It is asked once, whatever comes.
    AskedOnce,
    /// Its errors are those of the sign-in service: the row says what each leads to.
    ErrorsOfItsOwn,
    /// An effect of which each object is an item of a `$batch`: 429 is sent again.
    Swept,
    /// The `$batch` itself.
    Whole,
    /// It follows an operation that an effect began.
    Follows,
    /// A run of it takes seconds.
    Slow,
    /// It is asked until there is an answer, or the time for it is over.
    Polled,
}

/// One call.
pub struct Row {
    /// Which service.
    pub service: Service,
    /// `METHOD /path`, as the list of calls has it.
    pub call: &'static str,
    /// What for, in a word, where there are several rows for one call.
    pub what: &'static str,
    /// The request, written out: the line, headers beyond the usual ones, an empty line, the body. A line with a path alone
    /// stands for an item of a `$batch`. Escapes are resolved.
    pub request: &'static str,
    /// The good reply; `None`: what comes out of the other rows (a `$batch`), or of the request (a token).
    pub reply: Option<Reply>,
    /// What the client is made to do.
    pub run: Run,
    /// What it makes of the good reply.
    pub makes: &'static str,
    /// Fields that may be missing, and what is made of the reply then. Without any other field nothing counts.
    pub without: Vec<(&'static str, &'static str)>,
    /// Errors that mean something of their own: status, code, and what is made of it.
    pub errors: Vec<(u16, Value, &'static str)>,
    /// Where the run needs other replies than the rows': `METHOD /path` of the list, or a whole line.
    pub given: Vec<(&'static str, Reply)>,
    /// An effect: where it is settled.
    pub settled: Option<Settled>,
    /// What the application proves itself with.
    pub by: By,
    /// What is different.
    pub but: Vec<But>,
}

/// A row for a call.
pub fn row(service: Service, call: &'static str, request: &'static str, run: Run) -> Row {
    Row {
        service,
        call,
        what: "",
        request,
        reply: None,
        run,
        makes: "",
        without: Vec::new(),
        errors: Vec::new(),
        given: Vec::new(),
        settled: None,
        by: By::Secret,
        but: Vec::new(),
    }
}

impl Row {
    pub fn what(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    pub fn reply(self, body: Value) -> Self {
        let reply = Some(Reply::new(200, body));
        Self { reply, ..self }
    }

    /// An effect is answered with a status and nothing else.
    pub fn answered(self, status: u16) -> Self {
        let reply = Some(Reply::new(status, Value::Null));
        Self { reply, ..self }
    }

    pub fn makes(self, makes: &'static str) -> Self {
        Self { makes, ..self }
    }

    pub fn without(mut self, field: &'static str, makes: &'static str) -> Self {
        self.without.push((field, makes));
        self
    }

    /// Without it the same is made of the reply.
    pub fn unread(self, field: &'static str) -> Self {
        let makes = self.makes;
        self.without(field, makes)
    }

    pub fn error(mut self, status: u16, body: Value, makes: &'static str) -> Self {
        self.errors.push((status, body, makes));
        self
    }

    pub fn given(self, call: &'static str, status: u16, body: Value) -> Self {
        self.given_with(call, Reply::new(status, body))
    }

    pub fn given_with(mut self, call: &'static str, reply: Reply) -> Self {
        self.given.push((call, reply));
        self
    }

    pub fn settled(mut self, call: &'static str, before: Value, after: (u16, Value)) -> Self {
        let after = Reply::new(after.0, after.1);
        self.settled = Some(Settled {
            call,
            before,
            after,
        });
        self
    }

    pub fn by(self, by: By) -> Self {
        Self { by, ..self }
    }

    pub fn but(mut self, but: But) -> Self {
        self.but.push(but);
        self
    }

    pub fn is(&self, but: But) -> bool {
        self.but.contains(&but)
    }

    /// It changes something.
    pub fn writes(&self) -> bool {
        matches!(self.run, Run::Perform(_))
    }

    /// The line of the request.
    pub fn line(&self) -> &'static str {
        self.request.lines().next().unwrap_or_default()
    }

    /// It is an item of a `$batch`.
    pub fn inside(&self) -> bool {
        !self.line().contains("https://")
    }

    /// What its tests are called.
    pub fn name(&self) -> String {
        let service = format!("{:?}", self.service);
        let what = match self.what {
            "" => String::new(),
            what => format!(" ({what})"),
        };
        format!("{service} {}{what}", self.call)
    }

    /// What is to be sent with it: headers beyond the usual ones, and the body.
    pub fn head_and_body(&self) -> (Vec<&'static str>, &'static str) {
        let rest = self.request.split_once('\n').map_or("", |(_, rest)| rest);
        let (head, body) = rest.split_once("\n\n").unwrap_or((rest, ""));
        // Without headers the empty line comes at once.
        match head.strip_prefix('\n') {
            Some(body) => (Vec::new(), body),
            None => (head.lines().collect(), body),
        }
    }

    /// The request of this row; of a `$batch` its items tell which one it is.
    pub fn is_asked_by(&self, seen: &Seen) -> bool {
        let same_body = || {
            let body: Value = serde_json::from_str(self.head_and_body().1).unwrap();
            body == seen.body
        };
        let one_of_several = self.is(But::Whole) && self.writes();
        line(seen) == self.line() && (!one_of_several || same_body())
    }
}

/// `METHOD /path` of the list for a request; every request of these tests is on it.
pub fn call_of(seen: &Seen) -> String {
    let known = find_call(seen.service(), &seen.method, &seen.path).unwrap();
    format!("{} {}", known.method, known.path)
}

/// The line of a request as a row writes it.
pub fn line(seen: &Seen) -> String {
    let host = match seen.inside {
        Some(_) => String::new(),
        None => format!("https://{}", seen.host),
    };
    let query = match seen.query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    decoded(&format!("{} {host}{}{query}", seen.method, seen.path))
}

/// The escapes of a URL resolved.
pub fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}
