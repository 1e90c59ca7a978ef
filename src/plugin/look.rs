//! How output looks: characters and colours.

/// What the output can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// A terminal, on which can be redrawn.
    pub terminal: bool,
    /// Colours.
    pub colour: bool,
    /// Only ASCII characters.
    pub ascii: bool,
}

/// How a step or a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Done.
    Done,
    /// At work.
    Now,
    /// Not begun.
    Later,
    /// Waits for a time, or is paused.
    Waiting,
    /// Waits for a person.
    Person,
    /// Blocked.
    Blocked,
}

impl Mark {
    /// All, with what the legend calls them.
    pub(crate) const LEGEND: [(Self, &'static str); 6] = [
        (Self::Done, "done"),
        (Self::Now, "now"),
        (Self::Later, "later"),
        (Self::Waiting, "waiting"),
        (Self::Person, "by a person"),
        (Self::Blocked, "blocked"),
    ];
}

impl Look {
    /// The sign of a mark.
    pub(crate) fn sign(self, mark: Mark) -> String {
        let (sign, ascii, colour) = match mark {
            Mark::Done => ("✔", "+", 32),
            Mark::Now => ("●", "*", 36),
            Mark::Later => ("○", ".", 90),
            Mark::Waiting => ("⏸", "=", 33),
            Mark::Person => ("☞", ">", 35),
            Mark::Blocked => ("✖", "!", 31),
        };
        let sign = if self.ascii { ascii } else { sign };
        if self.colour {
            format!("\x1b[{colour}m{sign}\x1b[0m")
        } else {
            sign.to_owned()
        }
    }

    /// Bold text.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.colour {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A bar of ten cells.
    pub(crate) fn bar(self, done: u32, total: u32, finished: bool) -> String {
        let (full, empty) = if self.ascii {
            ('#', '-')
        } else {
            ('█', '░')
        };
        let cells = match (total, finished) {
            (_, true) => 10,
            (0, false) => 0,
            (total, false) => {
                usize::try_from(u64::from(done.min(total)) * 10 / u64::from(total)).unwrap_or(0)
            }
        };
        (0..10)
            .map(|i| if i < cells { full } else { empty })
            .collect()
    }

    /// The branch before a step, and the indent of what hangs below it.
    pub(crate) const fn branch(self, last: bool) -> (&'static str, &'static str) {
        match (self.ascii, last) {
            (false, false) => ("├─ ", "│     "),
            (false, true) => ("└─ ", "      "),
            (true, false) => ("|- ", "|     "),
            (true, true) => ("`- ", "      "),
        }
    }

    /// Between two things of one kind.
    pub(crate) const fn dot(self) -> &'static str {
        if self.ascii { "|" } else { "·" }
    }
}
