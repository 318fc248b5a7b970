//! What is shown of a text from outside: on one line, and without what would command a terminal or turn around what is read.

/// A text on one line, cut after so many characters.
pub fn printable(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(longest));
    for (count, character) in text.chars().enumerate() {
        if count == longest {
            return format!("{shown}… ({} octets)", text.len());
        }
        match character {
            // What changes the direction of what is read, ends a line, or is not seen at all.
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                shown.extend(character.escape_unicode());
            }
            _ if character.is_control() => shown.extend(character.escape_default()),
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_would_command_a_terminal_or_turn_text_around_is_written_out() {
        for (text, shown) in [
            ("a\x1b[2Jb\tc\nd\x7f", "a\\u{1b}[2Jb\\tc\\nd\\u{7f}"),
            ("a\u{9b}31m\u{85}", "a\\u{9b}31m\\u{85}"),
            ("a\u{202e}cba\u{202c}\u{2066}\u{61c}", "a\\u{202e}cba\\u{202c}\\u{2066}\\u{61c}"),
            ("a\u{200b}\u{feff}\u{2028}é€", "a\\u{200b}\\u{feff}\\u{2028}é€"),
        ] {
            assert_eq!(printable(text, 400), shown);
            assert_eq!(printable(shown, 400), shown, "what is written out stays as it is");
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        let long = printable(&"x".repeat(1 << 20), 400);
        assert!(long.len() < 500 && long.ends_with("x… (1048576 octets)"), "{long}");
        assert_eq!(printable("xxx", 3), "xxx");
    }
}
