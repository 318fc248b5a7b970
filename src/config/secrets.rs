//! Keys of sessions in the text of a configuration, and the same text without them: what is written down for others to read
//! must not hold them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::grammar::{Lexer, TokenKind};

/// Parts of the words that a secret stands behind: `md5-password`, and what is meant by one that is misspelt.
const MARKS: [&str; 3] = ["passw", "pasw", "secret"];

/// Stands in for secrets: the same one for the same secret, another one for another, each as long as what it stands for. A
/// speaker made from the text that has them differs in nothing but its keys.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    known: Vec<String>,
}

impl Secrets {
    /// The text without its secrets, those in comments included.
    pub fn hide(&mut self, text: &str) -> String {
        let mut hidden = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, value)) = next_value(rest) {
            hidden.push_str(before);
            let (length, stand_in) = self.stand_in(value);
            hidden.push_str(&stand_in);
            rest = value.get(length..).unwrap_or_default();
        }
        hidden + rest
    }

    /// How many octets of `text` are the value that it begins with, and what takes their place.
    fn stand_in(&mut self, text: &str) -> (usize, String) {
        match Lexer::new(text).next() {
            Ok(token) if token.kind == TokenKind::Word => {
                let end = token.span.end;
                let quote = text.get(..1).filter(|first| matches!(*first, "\"" | "'")).unwrap_or_default();
                (end, [quote, &self.name(&token.text), quote].concat())
            }
            Ok(_) => (0, String::new()),
            // A quote that nobody closes: whatever stands on the line may belong to it.
            Err(_) => {
                let end = text.find('\n').unwrap_or(text.len());
                (end, self.name(text.get(..end).unwrap_or_default()))
            }
        }
    }

    /// What stands for a secret. It says what the secret looks like where that changes what it means: hexadecimal may be base64
    /// without its padding.
    fn name(&mut self, secret: &str) -> String {
        let known = self.known.iter().position(|known| known == secret);
        let mut number = known.unwrap_or_else(|| {
            self.known.push(secret.into());
            self.known.len() - 1
        });
        let is_hex = |octet: u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
        let letters = if secret.bytes().all(is_hex) { b"abcdef" } else { b"xyzuvw" };
        let bare = secret.trim_end_matches('=');
        let mut name = String::with_capacity(secret.len());
        for _ in 0..bare.len() {
            name.push(letters.get(number % letters.len()).map_or('x', |letter| char::from(*letter)));
            number /= letters.len();
        }
        name.extend(core::iter::repeat_n('=', secret.len() - bare.len()));
        name
    }
}

/// Splits a text before the next value that is a secret.
fn next_value(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let start = at + rest.find(is_part)?;
        let word = text.get(start..)?;
        let end = start + word.find(|c| !is_part(c)).unwrap_or(word.len());
        let word = text.get(start..end)?;
        at = end;
        if is_mark(word) && begins_statement(text.get(..start)?) {
            let value = text.get(end..)?;
            let blank = value.len() - value.trim_start_matches([' ', '\t']).len();
            if blank > 0 || value.starts_with(['"', '\'']) {
                return Some(text.split_at(end + blank));
            }
        }
    }
}

fn is_mark(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    MARKS.iter().any(|mark| word.contains(mark))
}

/// Whether a statement may begin behind `before`, in a comment or not.
fn begins_statement(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t', '\r']);
    before.is_empty() || before.ends_with(['\n', '{', '}', ';', '#'])
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::Secrets;

    fn hidden(text: &str) -> String {
        Secrets::default().hide(text)
    }

    #[test]
    fn a_secret_is_replaced_wherever_a_statement_may_stand() {
        for (text, without) in [
            ("md5-password hush;", "md5-password xxxx;"),
            ("neighbor 1.1.1.1 { md5-password \"a b\"; }", "neighbor 1.1.1.1 { md5-password \"xxx\"; }"),
            ("{md5-password 'q';}", "{md5-password 'x';}"),
            ("# md5-password old;\n", "# md5-password xxx;\n"),
            ("md5-pasword hush;", "md5-pasword xxxx;"),
            ("md5-password \"open\nlocal-as 1;", "md5-password xxxxx\nlocal-as 1;"),
            ("md5-password\"hush\";", "md5-password\"xxxx\";"),
            ("tcp-ao { keyid 1; password hush; }", "tcp-ao { keyid 1; password xxxx; }"),
        ] {
            assert_eq!(hidden(text), without, "{text}");
        }
    }

    #[test]
    fn one_secret_has_one_stand_in_and_another_has_another() {
        let mut secrets = Secrets::default();
        let text = "md5-password one; md5-password two; md5-password one;";
        assert_eq!(secrets.hide(text), "md5-password xxx; md5-password yxx; md5-password xxx;");
        assert_eq!(secrets.hide("md5-password two;"), "md5-password yxx;");
    }

    #[test]
    fn a_stand_in_is_as_long_as_the_key_and_as_much_base64_or_hexadecimal() {
        assert_eq!(hidden("md5-password Zm8=; md5-base64 true;"), "md5-password xxx=; md5-base64 true;");
        assert_eq!(hidden("md5-password abc123;"), "md5-password aaaaaa;");
        assert_eq!(hidden("md5-password \"\\u0041b\";"), "md5-password \"aa\";".replace("aa", "xx"));
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "passive true;\ndescription \"a password is needed\";",
            "md5-password ;",
            "process password { run x; }",
            "md5-base64 false;",
            "",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
