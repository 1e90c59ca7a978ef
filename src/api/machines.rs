//! Machines: names of programs among those by which the API server knows who writes. Service accounts it knows itself; a
//! program that comes with another identity (an IAM role, a token of a CI system, a client certificate) looks like a person.

/// How the API server names service accounts.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Those that the operator's configuration names, besides service accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machines {
    /// Names, in which `*` stands for any characters or none.
    patterns: Vec<String>,
}

impl Machines {
    /// Reads one name or pattern a line; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// Where a pattern takes everybody: nobody could approve then. Names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).enumerate();
        let told = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let patterns = told.map(|(at, line)| {
            if line.chars().all(|c| c == '*') {
                let at = at.saturating_add(1);
                return Err(format!("line {at}: it takes everybody for a machine, so nobody could approve; name the machines"));
            }
            Ok(line.to_owned())
        });
        let patterns = patterns.collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// The name is a service account's, or one that the configuration names. Upper and lower case differ, as everywhere in names
    /// of users.
    pub fn has(&self, name: &str) -> bool {
        is_service_account(name) || self.patterns.iter().any(|pattern| matches(pattern, name))
    }
}

/// The name is a service account's.
pub fn is_service_account(name: &str) -> bool {
    name.starts_with(SERVICE_ACCOUNT)
}

/// What stands before the first `*` begins the name, what stands after the last ends it, and the rest follows in between, each
/// part as early as it can.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = name.strip_prefix(first).and_then(|n| n.strip_suffix(last)) else {
        return false;
    };
    for part in between.split('*') {
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_everything_else_for_itself() {
        let argocd = "arn:aws:sts::111122223333:assumed-role/argocd/*";
        for (pattern, name, is) in [
            (
                argocd,
                "arn:aws:sts::111122223333:assumed-role/argocd/1700000000",
                true,
            ),
            (
                argocd,
                "arn:aws:sts::111122223333:assumed-role/argocd/",
                true,
            ),
            (
                argocd,
                "arn:aws:sts::111122223333:assumed-role/admin/argocd/",
                false,
            ),
            (
                argocd,
                "ARN:aws:sts::111122223333:assumed-role/argocd/1",
                false,
            ),
            ("ci", "ci", true),
            ("ci", "ci-2", false),
            ("ci", "alice@ci", false),
            ("*/argocd", "eks/argocd", true),
            ("*/argocd", "eks/argocd2", false),
            ("gitlab:*:deploy", "gitlab:group/project:deploy", true),
            ("gitlab:*:deploy", "gitlab:deploy", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*bot*", "my-bot-1", true),
            ("*bot*", "robert", false),
            ("a*b*c*d", "a-c-b-c-d", true),
            ("a*b*c*d", "a-c-b-d", false),
            ("a**d", "ad", true),
            ("a.c", "abc", false),
        ] {
            let machines = Machines::parse(pattern).unwrap();
            assert_eq!(machines.has(name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn service_accounts_are_machines_whatever_the_configuration_says() {
        let robot = "system:serviceaccount:flux-system:kustomize-controller";
        let none = Machines::default();
        assert!(none.has(robot) && !none.has("alice") && !none.has("system:masters"));
        let some = Machines::parse("# Argo CD\n\n  argocd  \nci-*\n").unwrap();
        for (name, is) in [
            (robot, true),
            ("argocd", true),
            ("ci-7", true),
            ("# Argo CD", false),
            ("", false),
        ] {
            assert_eq!(some.has(name), is, "{name}");
        }
    }

    #[test]
    fn a_pattern_that_takes_everybody_is_refused_with_its_line() {
        for all in ["*", "**"] {
            let why = Machines::parse(&format!("ci\n{all}\n")).unwrap_err();
            assert!(why.starts_with("line 2: it takes everybody"), "{why}");
        }
    }
}
