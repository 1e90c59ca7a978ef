//! Labels: names that others gave, such as that of a product. Shown in conditions, logs and pages, they must not act there.

use std::fmt::Write as _;

/// The longest label, in characters; what is longer ends with an ellipsis.
pub const LONGEST: usize = 120;

/// A name as one line that shows all that it holds: control characters and marks that are not seen but change what is seen
/// stand there by their number.
#[must_use]
pub fn label(name: &str) -> String {
    let mut line = String::new();
    for (count, c) in name.chars().enumerate() {
        if count >= LONGEST {
            line.push('…');
            break;
        }
        if c.is_control() || unseen(c) {
            // Writing to a String cannot fail.
            let _ = write!(line, "[U+{:04X}]", u32::from(c));
        } else {
            line.push(c);
        }
    }
    line
}

/// Format characters and other separators of Unicode (Cf, Zl, Zp, variation selectors): none shows itself.
#[must_use]
pub const fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_is_written_out_and_what_is_long_is_cut() {
        assert_eq!(
            label("Microsoft 365 E5 – Zürich"),
            "Microsoft 365 E5 – Zürich"
        );
        assert_eq!(label("a\nb\u{1b}[2J"), "a[U+000A]b[U+001B][2J");
        assert_eq!(label("\u{202e}exe.txt"), "[U+202E]exe.txt");
        let long = label(&"x".repeat(1 << 20));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
