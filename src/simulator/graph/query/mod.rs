//! What a listing asks for besides pages: `$filter`, `$search` and `$orderby`. A route applies them or refuses them: nothing that was asked for
//! is left out without a word.

mod filter;
mod search;

use serde_json::Value;

use super::super::errors::Refusal;
use super::super::exchange::Query;
use super::Call;
use super::properties;
use filter::{Filter, Properties};
use search::Search;

/// Directory objects, by the set that a listing names: with an index for searching and sorting, which takes `ConsistencyLevel: eventual`.
const OBJECTS: &[&str] = &[
    "users",
    "groups",
    "applications",
    "servicePrincipals",
    "devices",
    "directoryObjects",
    "directory/administrativeUnits",
];
/// Other sets that can be filtered.
const FILTERED: &[&str] = &[
    "directoryRoles",
    "oauth2PermissionGrants",
    "identity/conditionalAccess/policies",
    "identity/conditionalAccess/namedLocations",
    "roleManagement/directory/roleAssignments",
    "roleManagement/directory/roleEligibilityScheduleInstances",
    "roleManagement/directory/roleAssignmentScheduleInstances",
];
/// What listings are sorted by without the index.
const SORTED: &[&str] = &["displayName", "userPrincipalName"];
/// And with it.
const SORTED_BY_INDEX: &[&str] = &["createdDateTime", "deletedDateTime", "mail", "id"];

pub(super) fn unsupported(text: impl Into<String>) -> Refusal {
    Refusal::new(400, "Request_UnsupportedQuery", text)
}

/// The options of `OData` that Graph has (<https://learn.microsoft.com/graph/query-parameters>). What begins with a dollar sign and is
/// none of them is refused; anything else it leaves aside.
const OPTIONS: &[&str] = &[
    "$count",
    "$deltatoken",
    "$expand",
    "$filter",
    "$format",
    "$orderby",
    "$search",
    "$select",
    "$skip",
    "$skiptoken",
    "$top",
];

/// Whether a request has options of Graph alone, and asks for JSON.
pub(super) fn options(call: &Call) -> Result<(), Refusal> {
    let known = |name: &str| OPTIONS.iter().any(|one| one.eq_ignore_ascii_case(name));
    let mut names = call.query.names();
    if let Some(wrong) = names.find(|name| name.starts_with('$') && !known(name)) {
        return Err(Refusal::bad(format!(
            "The query parameter '{wrong}' is not supported."
        )));
    }
    let format = call.query.get("$format").unwrap_or_default();
    if !format.is_empty() && !format.to_ascii_lowercase().contains("json") {
        return Err(unsupported(format!(
            "'$format={format}' is not supported here."
        )));
    }
    Ok(())
}

/// `$count` of directory objects is answered by the index alone.
pub(super) fn counting(call: &Call, set: &str) -> Result<bool, Refusal> {
    let counted = call
        .query
        .get("$count")
        .is_some_and(|told| told.eq_ignore_ascii_case("true"));
    if counted && OBJECTS.contains(&set) && !call.eventual() {
        return Err(unsupported(
            "$count is not currently supported without the header ConsistencyLevel: eventual.",
        ));
    }
    Ok(counted)
}

/// What one listing asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    filter: Option<Filter>,
    search: Option<Search>,
    /// The property to sort by, and whether the greatest comes first.
    order: Option<(String, bool)>,
}

impl Wanted {
    /// `there` are properties that the objects at hand show, besides those that their kind has.
    pub(super) fn parse(call: &Call, set: &str, there: &[&str]) -> Result<Self, Refusal> {
        let option = |name: &str| call.query.get(name).filter(|text| !text.trim().is_empty());
        let indexed = OBJECTS.contains(&set);
        for (name, taken) in [
            ("$filter", indexed || FILTERED.contains(&set)),
            ("$search", indexed),
            ("$orderby", indexed),
        ] {
            if option(name).is_some() && !taken {
                return Err(unsupported(format!(
                    "'{name}' is not supported for '{set}'."
                )));
            }
        }
        let filter = option("$filter").map(Filter::parse).transpose()?;
        let search = option("$search").map(Search::parse).transpose()?;
        let order = option("$orderby").map(order).transpose()?;
        let counted = counting(call, set)?;
        let advanced = indexed && filter.as_ref().is_some_and(Filter::is_advanced);
        let by_index = |(name, _): &(String, bool)| {
            let plain = SORTED.iter().any(|known| known.eq_ignore_ascii_case(name));
            !plain || filter.is_some()
        };
        if advanced && !(call.eventual() && counted) {
            return Err(unsupported(
                "Operator is not supported without the header ConsistencyLevel: eventual and $count=true.",
            ));
        }
        if order.as_ref().is_some_and(by_index) && !(call.eventual() && counted) {
            return Err(unsupported("Sorting not supported for current query."));
        }
        if search.is_some() && !call.eventual() {
            return Err(Refusal::bad(
                "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
            ));
        }
        for name in filter.iter().flat_map(Filter::properties) {
            if !properties::has(set, name, there) {
                return Err(properties::missing(set, name));
            }
        }
        if filter.as_ref().is_some_and(Filter::is_mistyped) {
            return Err(Refusal::bad(
                "A binary operator with incompatible types was detected. Found operand types 'Edm.Boolean' and 'Edm.String'.",
            ));
        }
        Ok(Self {
            filter,
            search,
            order,
        })
    }

    /// What a count asks for: in itself it is an advanced query, with or without `$count=true`.
    pub(super) fn counting(call: &Call, set: &str) -> Result<Self, Refusal> {
        let filter = call.query.get("$filter").unwrap_or_default();
        let search = call.query.get("$search").unwrap_or_default();
        let asked = [("$filter", filter), ("$search", search), ("$count", "true")];
        let query = Query::of(&asked);
        Self::parse(
            &Call {
                query,
                ..call.clone()
            },
            set,
            &[],
        )
    }

    pub(super) fn passes(&self, of: Properties<'_>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.holds(of))
            && self.search.as_ref().is_none_or(|search| search.finds(of))
    }

    pub(super) fn is_sorted(&self) -> bool {
        self.order.is_some()
    }

    /// Sorts by what was asked for, if anything; the same stay in the order in which they came.
    pub(super) fn sort<T>(&self, all: &mut [T], of: impl Fn(&T, &str) -> Value) {
        let Some((name, descending)) = &self.order else {
            return;
        };
        all.sort_by_cached_key(|one| match of(one, name) {
            Value::String(text) => text.to_lowercase(),
            Value::Null => String::new(),
            other => other.to_string(),
        });
        if *descending {
            all.reverse();
        }
    }

    /// Of these rows those that were asked for, in the order that was asked for.
    pub(super) fn of_rows(&self, mut rows: Vec<Value>) -> Vec<Value> {
        rows.retain(|row| self.passes(&|name| field(row, name)));
        self.sort(&mut rows, field);
        rows
    }
}

/// A field by its name in any case; null where there is none.
fn field(row: &Value, name: &str) -> Value {
    let mut all = row.as_object().into_iter().flatten();
    let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map_or(Value::Null, |(_, value)| value.clone())
}

/// `name`, `name asc`, `name desc`; one property alone.
fn order(text: &str) -> Result<(String, bool), Refusal> {
    let mut words = text.split_whitespace();
    let wrong = || unsupported(format!("Sorting by '{text}' is not supported."));
    let name = words.next().ok_or_else(wrong)?;
    let known = SORTED.iter().chain(SORTED_BY_INDEX);
    let known = known.into_iter().any(|one| one.eq_ignore_ascii_case(name));
    let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(wrong()),
    };
    if known && words.next().is_none() {
        Ok((name.to_owned(), descending))
    } else {
        Err(wrong())
    }
}

/// The ids of a filter that asks for nothing else, for change tracking.
pub(super) fn ids(text: &str) -> Result<Vec<String>, Refusal> {
    let ids = Filter::parse(text)?.values_of("id");
    ids.ok_or_else(|| unsupported("Change tracking filters by id alone."))
}

#[cfg(test)]
mod tests;
