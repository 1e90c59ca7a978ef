//! What every reply of Graph tells of the quotas, for the gates.
//! Source: learn.microsoft.com `graph/throttling-limits` (identity and access: response headers).

/// What one reply, or one item of a `$batch`, tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heard {
    /// `x-ms-throttle-limit-percentage`: how much of a quota is used, told from 0.8 on; 1.0 is where throttling begins.
    pub(super) percentage: Option<f64>,
    /// `x-ms-resource-unit`: what it cost; 1 where it is not told, which is the least that there is.
    pub(super) units: u32,
    /// `x-ms-throttle-scope` is the application over all tenants.
    pub(super) whole_application: bool,
}

/// More units than any one request costs: what is beyond is no such figure.
const MOST_UNITS: u32 = 1_000;

impl Heard {
    /// Out of headers by their names in lower case.
    pub(super) fn of<T: AsRef<str>>(header: impl Fn(&'static str) -> Option<T>) -> Self {
        let percentage = header("x-ms-throttle-limit-percentage");
        let units = header("x-ms-resource-unit");
        let scope = header("x-ms-throttle-scope");
        let units: Option<u32> = units.and_then(|text| text.as_ref().trim().parse().ok());
        Self {
            percentage: percentage.and_then(|text| text.as_ref().trim().parse().ok()),
            units: units.map_or(1, |units| units.clamp(1, MOST_UNITS)),
            whole_application: scope.is_some_and(|text| is_application(text.as_ref())),
        }
    }
}

/// `Application/Write/<application>/<tenant>`, beside `Tenant_Application/…` and `Tenant/…`.
fn is_application(scope: &str) -> bool {
    let whose = scope.trim().split('/').next();
    whose.is_some_and(|whose| whose.eq_ignore_ascii_case("Application"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(headers: &[(&'static str, &'static str)]) -> Heard {
        Heard::of(|name| {
            let found = headers.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        })
    }

    #[test]
    fn what_is_told_and_what_is_no_such_figure() {
        let told = heard(&[
            ("x-ms-throttle-limit-percentage", " 1.2 "),
            ("x-ms-resource-unit", "5"),
            ("x-ms-throttle-scope", "Application/Write/a/b"),
        ]);
        assert_eq!((told.percentage, told.units), (Some(1.2), 5));
        assert!(told.whole_application);
        for scope in ["Tenant_Application/ReadWrite/a/b", "Tenant/Read/a/b", ""] {
            assert!(!heard(&[("x-ms-throttle-scope", scope)]).whole_application);
        }
        for (units, counts) in [("0", 1), ("-3", 1), ("many", 1), ("99999999", MOST_UNITS)] {
            assert_eq!(heard(&[("x-ms-resource-unit", units)]).units, counts);
        }
        assert_eq!(heard(&[]).units, 1);
    }
}
