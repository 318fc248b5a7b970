//! Where passwords stand in a text, whether or not the rest of it can be read: a mistake beside one is shown without it.

use alloc::string::String;
use alloc::vec::Vec;

use super::fault::Span;
use super::token::{Lexer, TokenKind};

/// The words behind which a password stands.
const ANNOUNCED_BY: [&str; 2] = ["password", "md5-password"];

/// The line of `text` from `start` to `end`, an asterisk for every character of a password.
pub(super) fn masked(text: &str, start: usize, end: usize) -> String {
    let line = text.get(start..end).unwrap_or_default();
    let secrets = secrets(text);
    let hidden = |at: usize| secrets.iter().any(|span| (span.start..span.end).contains(&(start + at)));
    line.char_indices().map(|(at, c)| if hidden(at) { '*' } else { c }).collect()
}

/// The place of every password, quotes included. One whose quote is not closed takes the rest of its line.
fn secrets(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let (mut lexer, mut announced, mut resumed) = (Lexer::new(text), false, 0);
    loop {
        match lexer.next() {
            Ok(token) if token.kind == TokenKind::End => return found,
            Ok(token) if announced && token.kind == TokenKind::Word => {
                found.push(token.span);
                announced = false;
            }
            Ok(token) => announced = ANNOUNCED_BY.iter().any(|word| token.is(word)),
            Err(fault) => {
                let start = fault.span.start;
                let rest = text.get(start..).unwrap_or_default();
                let end = start + rest.find('\n').unwrap_or(rest.len());
                if announced {
                    found.push(Span { start, end });
                }
                if end <= resumed {
                    return found;
                }
                (lexer, announced, resumed) = (Lexer::from(text, end), false, end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        masked(text, 0, text.len())
    }

    #[test]
    fn a_password_is_hidden_wherever_it_stands_and_nothing_else() {
        assert_eq!(shown("md5-password \"one two\"; x"), "md5-password *********; x");
        assert_eq!(shown("tcp-ao { password é; keyid 1; }"), "tcp-ao { password *; keyid 1; }");
        assert_eq!(shown("description password;\npassive;"), "description password;\npassive;");
        assert_eq!(shown("password \"one two;\nfamily { \"x"), "password *********\nfamily { \"x");
    }
}
