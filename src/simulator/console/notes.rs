//! What came of the last presses: shown once on the page that follows, by number, so that no page repeats what a link says.

use std::collections::VecDeque;

/// So many are kept.
const MOST: usize = 50;

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) good: bool,
    pub(crate) text: String,
}

/// The last notes.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    given: u64,
    last: VecDeque<Note>,
}

impl Notes {
    /// Keeps a note and gives its number.
    pub(crate) fn add(&mut self, good: bool, text: String) -> u64 {
        if self.last.len() == MOST {
            self.last.pop_front();
        }
        self.last.push_back(Note { good, text });
        self.given += 1;
        self.given
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Note> {
        let oldest = self.given - self.last.len() as u64;
        let at = number.checked_sub(oldest + 1)?;
        self.last.get(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept() {
        let mut notes = Notes::default();
        assert_eq!(notes.get(0), None);
        let numbers: Vec<u64> = (0..60)
            .map(|text| notes.add(true, text.to_string()))
            .collect();
        assert_eq!(notes.get(numbers[9]), None);
        assert_eq!(notes.get(numbers[10]).unwrap().text, "10");
        assert_eq!(notes.get(60).unwrap().text, "59");
        assert_eq!(notes.get(61), None);
    }
}
