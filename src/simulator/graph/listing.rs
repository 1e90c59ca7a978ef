//! Pages with opaque links, `$top`, `$select` and `$count`, the same for every collection; what else can be asked for is in `query`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::query::{self, Wanted};
use super::{Answer, Call, properties};

/// What a listing asks for.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) start: u32,
    pub(super) size: usize,
    pub(super) select: Option<Vec<String>>,
}

impl Page {
    pub(super) fn parse(call: &Call, default: usize) -> Result<Self, Refusal> {
        let size = match call.query.get("$top") {
            None => default,
            Some(text) => match text.parse() {
                Ok(size @ 1..=999) => size,
                _ => {
                    return Err(Refusal::bad(
                        "Invalid page size specified: must be between 1 and 999 inclusive.",
                    ));
                }
            },
        };
        if call.query.get("$skip").is_some() {
            return Err(Refusal::bad("'$skip' is not supported by the service."));
        }
        let start = call.query.get("$skiptoken").map_or(Ok(0), decode)?;
        Ok(Self {
            start,
            size,
            select: select(call),
        })
    }
}

/// The selected properties; an empty list selects nothing, and is as none.
pub(super) fn select(call: &Call) -> Option<Vec<String>> {
    let names = call.query.get("$select")?.split(',');
    let names = names.map(|name| name.trim().to_owned());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then_some(names)
}

/// A page of a collection; `next` is the position that the next one starts at.
pub(super) fn reply(
    call: &Call,
    set: &str,
    rows: Vec<Value>,
    next: Option<u32>,
    count: Option<usize>,
) -> Reply {
    let mut body = json!({ "@odata.context": call.context(set) });
    body["value"] = Value::Array(rows);
    if let Some(count) = count {
        body["@odata.count"] = json!(count);
    }
    if let Some(position) = next {
        let rest = call.query.without("$skiptoken");
        let joint = if rest.is_empty() { "" } else { "&" };
        body["@odata.nextLink"] = json!(format!(
            "{}/{}?{rest}{joint}$skiptoken={}",
            call.base,
            call.segments.join("/"),
            encode(position)
        ));
    }
    Reply::json(200, body)
}

/// A collection that fits in memory as a whole.
pub(super) fn small(call: &Call, set: &str, rows: Vec<Value>) -> Answer {
    let page = Page::parse(call, 100)?;
    let shown = rows.first().and_then(Value::as_object);
    let there: Vec<&str> = shown
        .into_iter()
        .flat_map(|row| row.keys().map(String::as_str))
        .collect();
    let wanted = Wanted::parse(call, set, &there)?;
    let counted = query::counting(call, set)?;
    let rows = wanted.of_rows(rows);
    let total = rows.len();
    let start = (page.start as usize).min(total);
    let end = (start + page.size).min(total);
    let chosen: Result<Vec<Value>, Refusal> = rows
        .into_iter()
        .skip(start)
        .take(end - start)
        .map(|row| properties::project(set, row, page.select.as_deref()))
        .collect();
    Ok(reply(
        call,
        set,
        chosen?,
        (end < total).then_some(end as u32),
        counted.then_some(total),
    ))
}

/// How many objects of a set there are: `/groups/$count`. The index alone counts them.
pub(super) fn count(call: &Call, set: &str, rows: Vec<Value>) -> Answer {
    if !call.eventual() {
        return Err(Refusal::bad(
            "$count is not currently supported without the header ConsistencyLevel: eventual.",
        ));
    }
    let wanted = Wanted::counting(call, set)?;
    let number = wanted.of_rows(rows).len();
    Ok(Reply::text(200, number.to_string()))
}

/// One object of a set.
pub(super) fn one(call: &Call, set: &str, row: Value) -> Answer {
    let mut row = properties::project(set, row, select(call).as_deref())?;
    row["@odata.context"] = json!(call.context(&format!("{set}/$entity")));
    Ok(Reply::json(200, row))
}

fn encode(position: u32) -> String {
    URL_SAFE_NO_PAD.encode(format!("RFNwdAIAAQ{:08x}{:08x}", !position, position))
}

fn decode(token: &str) -> Result<u32, Refusal> {
    let stale = || {
        Refusal::new(
            400,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )
    };
    let text = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(stale)?;
    let digits = text
        .strip_prefix("RFNwdAIAAQ")
        .filter(|digits| digits.len() == 16)
        .ok_or_else(stale)?;
    let (check, position) = digits.split_at(8);
    let read = |hex: &str| u32::from_str_radix(hex, 16).ok();
    match (read(check), read(position)) {
        (Some(check), Some(position)) if !check == position => Ok(position),
        _ => Err(stale()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_and_a_forged_one_does_not() {
        assert_eq!(decode(&encode(123_456)).unwrap(), 123_456);
        assert_eq!(
            decode("123456").unwrap_err().code,
            "Directory_ExpiredPageToken"
        );
    }
}
