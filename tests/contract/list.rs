//! The rows and the list of calls name the same calls.

use crate::requests::fits;
use crate::row::Row;
use crate::rows;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use tenant_closure::microsoft::CALLS;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "every call of the list has a row, and every row a call",
            || {
                let call = |service, call: &str| format!("{service:?} {call}");
                let listed: BTreeSet<String> = CALLS
                    .iter()
                    .map(|known| call(known.service, &format!("{} {}", known.method, known.path)))
                    .collect();
                let rows: BTreeSet<String> = rows::all()
                    .iter()
                    .map(|row| call(row.service, row.call))
                    .collect();
                let without: Vec<_> = listed.difference(&rows).collect();
                assert!(without.is_empty(), "calls without a row: {without:#?}");
                let unknown: Vec<_> = rows.difference(&listed).collect();
                assert!(unknown.is_empty(), "rows without a call: {unknown:#?}");
                Ok(())
            },
        ),
        Trial::test("every row has a name of its own and is whole", || {
            let names: BTreeSet<String> = rows::all().iter().map(Row::name).collect();
            assert_eq!(names.len(), rows::all().len(), "{names:#?}");
            let odd: Vec<String> = rows::all()
                .iter()
                .filter(|row| row.makes.is_empty() || !fits(row))
                .map(Row::name)
                .collect();
            assert!(odd.is_empty(), "{odd:#?}");
            Ok(())
        }),
    ]
}
