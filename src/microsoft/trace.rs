//! One line of log for each request: what Microsoft's support asks for, and nobody's name.

use super::calls;
use super::failure::Failure;
use super::request::{Call, Reply};
use std::time::Duration;
use uuid::Uuid;

/// Writes the line: at `debug`, at `info` where the request brought no success.
pub(super) fn call(call: &Call, id: Uuid, result: &Result<Reply, Failure>, took: Duration) {
    let method = call.method.as_str();
    let host = call.url.host_str().unwrap_or_default();
    let path = calls::template(call.url.path());
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let of_microsoft = result.as_ref().map_or("", |reply| theirs(reply));
    let status = result.as_ref().map_or(0, |reply| reply.status);
    let failure = match result {
        Ok(reply) => reply.failure().map(|failure| failure.code),
        Err(failure) => Some(failure.code.clone()),
    };
    match failure {
        None => tracing::debug!(
            method, host, path, status, client_request_id = %id, request_id = of_microsoft, milliseconds, "asked Microsoft"
        ),
        Some(code) => tracing::info!(
            method, host, path, status, code, client_request_id = %id, request_id = of_microsoft, milliseconds,
            "Microsoft did not say yes"
        ),
    }
}

/// Microsoft's own name for the request; `""` for what is none.
fn theirs(reply: &Reply) -> &str {
    let names = ["request-id", "x-ms-request-id", "ms-requestid"];
    let told = names.iter().find_map(|name| reply.header(name));
    let plain = |text: &&str| {
        text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    told.filter(plain).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use zeroize::Zeroizing;

    #[test]
    fn each_service_names_a_request_in_a_header_of_its_own() {
        for (name, value, told) in [
            ("request-id", "3f2c-graph", "3f2c-graph"),
            ("x-ms-request-id", "3f2c-arm", "3f2c-arm"),
            ("MS-RequestId", "3f2c-partner", "3f2c-partner"),
            ("MS-CorrelationId", "3f2c-ours", ""),
            ("x-ms-request-id", "anna@contoso.nl", ""),
        ] {
            let name = HeaderName::try_from(name).unwrap();
            let reply = Reply {
                id: Uuid::nil(),
                status: 200,
                headers: HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]),
                body: Zeroizing::default(),
            };
            assert_eq!(theirs(&reply), told, "{name}: {value}");
        }
    }
}
