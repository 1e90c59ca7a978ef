//! Rows of a table as tests: each waits more than it works, so many of them run at once, whatever the machine;
//! `--test-threads` says otherwise.

use libtest_mimic::{Arguments, Trial};

/// The rows of a file, for the program's own list; one that is not named there is dead code.
macro_rules! rows {
    ($($name:ident),+ $(,)?) => {
        pub(crate) fn rows() -> Vec<libtest_mimic::Trial> {
            vec![$(crate::rows::row(concat!(module_path!(), "::", stringify!($name)), $name)),+]
        }
    };
}
pub(crate) use rows;

/// As many as the operator and the simulator serve without haste on two cores.
const AT_ONCE: usize = 16;

/// One row, on a runtime of its own.
pub(crate) fn row<F: Future<Output = ()>>(
    name: &str,
    body: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    let name = name.split_once("::").map_or(name, |(_, rest)| rest);
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(body());
        Ok(())
    })
}

/// Runs them, then what is asked of all of them together (whether every row was run: what is wrong), and ends the process.
pub(crate) fn run<const FILES: usize>(
    files: [Vec<Trial>; FILES],
    afterwards: impl FnOnce(bool) -> Vec<String>,
) -> ! {
    let mut asked = Arguments::from_args();
    asked.test_threads.get_or_insert(AT_ONCE);
    let conclusion = libtest_mimic::run(&asked, files.into_iter().flatten().collect());
    let whole = conclusion.num_filtered_out == 0 && !conclusion.has_failed();
    let wrong = if conclusion.num_passed > 0 && !asked.list {
        afterwards(whole)
    } else {
        Vec::new()
    };
    for one in &wrong {
        eprintln!("afterwards: {one}");
    }
    if wrong.is_empty() {
        conclusion.exit()
    }
    std::process::exit(101)
}
