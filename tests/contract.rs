//! The contract with Microsoft, call by call: for each call of the client a row with the exact request and what is made of
//! a good reply, and for each row what follows from every kind of bad luck.
#![cfg(feature = "operator")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "contract/assertion.rs"]
mod assertion;
#[path = "contract/effects.rs"]
mod effects;
#[path = "contract/garbage.rs"]
mod garbage;
#[path = "contract/links.rs"]
mod links;
#[path = "contract/list.rs"]
mod list;
#[path = "contract/operations.rs"]
mod operations;
#[path = "contract/polling.rs"]
mod polling;
#[path = "contract/readings.rs"]
mod readings;
#[path = "contract/requests.rs"]
mod requests;
#[path = "contract/row.rs"]
mod row;
#[path = "contract/rows/mod.rs"]
mod rows;
#[allow(dead_code)] // the tests by theme use the rest
#[path = "microsoft/server.rs"]
mod server;
#[path = "contract/stage.rs"]
mod stage;
#[path = "contract/tokens.rs"]
mod tokens;

use libtest_mimic::{Arguments, Trial};
use row::Row;
use stage::Stage;

/// They wait for pauses more than they work.
const AT_ONCE: usize = 32;

fn main() {
    let mut asked = Arguments::from_args();
    asked.test_threads.get_or_insert(AT_ONCE);
    let mut trials = list::trials();
    for row in rows::all() {
        trials.extend(requests::trials(row));
        trials.extend(readings::trials(row));
        trials.extend(garbage::trials(row));
        trials.extend(links::trials(row));
        trials.extend(effects::trials(row));
        trials.extend(operations::trials(row));
        trials.extend(polling::trials(row));
        trials.extend(tokens::trials(row));
    }
    libtest_mimic::run(&asked, trials).exit()
}

/// One behaviour of one row, on a stage of its own.
fn trial<F>(
    row: &'static Row,
    behaviour: &str,
    body: impl FnOnce(Stage) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    Trial::test(format!("{}: {behaviour}", row.name()), move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async { body(Stage::new(row).await).await });
        Ok(())
    })
}
