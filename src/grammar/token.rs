//! Text to tokens, each with its place. The same tokens for a configuration file and for a line of the API.

use alloc::borrow::Cow;
use alloc::string::String;

use super::fault::{Result, Span, SyntaxError};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A word, quoted or not.
    Word,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`, at the start of a word.
    OpenParen,
    /// `)`, at the end of a word that holds no `(`.
    CloseParen,
    /// The text ends.
    End,
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    /// A word without its quotes and escapes; of anything else the token as written.
    pub(crate) text: Cow<'a, str>,
    pub(crate) span: Span,
    /// Whether a line ended before it (one that ends in a backslash does not).
    pub(crate) after_newline: bool,
}

impl Token<'_> {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text == word
    }
}

/// Reads tokens one by one; a copy is a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Begins at octet `at` of the text.
    pub(crate) fn from(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The octet of the text where it goes on.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips `text` where it comes next.
    pub(crate) fn skip(&mut self, text: &str) -> bool {
        let found = self.rest().as_bytes().starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    /// The next token; after the last one, [`TokenKind::End`] again and again.
    pub(crate) fn next(&mut self) -> Result<Token<'a>> {
        let after_newline = self.skip_blank();
        let start = self.at;
        let kind = match self.byte() {
            None => TokenKind::End,
            Some(b';') => TokenKind::Semicolon,
            Some(b',') => TokenKind::Comma,
            Some(b'{') => TokenKind::OpenBrace,
            Some(b'}') => TokenKind::CloseBrace,
            Some(b'[') => TokenKind::OpenBracket,
            Some(b']') => TokenKind::CloseBracket,
            Some(b'(') => TokenKind::OpenParen,
            Some(b')') => TokenKind::CloseParen,
            Some(quote @ (b'"' | b'\'')) => {
                let text = self.quoted(quote)?;
                return Ok(self.token(TokenKind::Word, text, start, after_newline));
            }
            Some(_) => {
                let text = self.word()?;
                return Ok(self.token(TokenKind::Word, text, start, after_newline));
            }
        };
        if kind != TokenKind::End {
            self.at += 1;
        }
        let text = Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default());
        Ok(self.token(kind, text, start, after_newline))
    }

    fn token(&self, kind: TokenKind, text: Cow<'a, str>, start: usize, after_newline: bool) -> Token<'a> {
        Token { kind, text, span: Span { start, end: self.at }, after_newline }
    }

    /// Skips white space, written out or escaped, and comments; whether a line ended.
    fn skip_blank(&mut self) -> bool {
        let mut newline = false;
        // The mark with which some editors begin a file.
        if self.at == 0 {
            self.skip("\u{feff}");
        }
        while let Some(byte) = self.byte() {
            match byte {
                b'\n' => newline = true,
                b' ' | b'\t' | b'\r' => {}
                b'#' => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                    continue;
                }
                b'\\' => match self.escaped_blank() {
                    Some(length) => {
                        self.at += length;
                        continue;
                    }
                    None => break,
                },
                _ => break,
            }
            self.at += 1;
        }
        newline
    }

    /// The length of a backslash with what makes it a blank: an `n`, `r` or `t`, or the line end that it hides.
    fn escaped_blank(&self) -> Option<usize> {
        let after = self.rest().strip_prefix('\\')?;
        if after.starts_with(['n', 'r', 't']) {
            return Some(2);
        }
        let next_line = after.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n')?;
        Some(self.rest().len() - next_line.len())
    }

    fn word(&mut self) -> Result<Cow<'a, str>> {
        let rest = self.rest();
        let mut paren = false;
        let mut end = rest.len();
        for (i, byte) in rest.bytes().enumerate() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b',' | b'{' | b'}' | b'[' | b']' | b'#' => {
                    end = i;
                    break;
                }
                b'\\' => return self.escaped(None),
                b'(' => paren = true,
                b')' if !paren => {
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        self.at += end;
        Ok(Cow::Borrowed(rest.get(..end).unwrap_or_default()))
    }

    fn quoted(&mut self, quote: u8) -> Result<Cow<'a, str>> {
        let start = self.at;
        self.at += 1;
        let rest = self.rest();
        for (i, byte) in rest.bytes().enumerate() {
            if byte == quote {
                self.at += i + 1;
                return Ok(Cow::Borrowed(rest.get(..i).unwrap_or_default()));
            }
            match byte {
                b'\\' => return self.escaped(Some((quote, start))),
                b'\n' => break,
                _ => {}
            }
        }
        Err(unclosed(start))
    }

    /// A word that holds a backslash, from here on: to its closing quote, or to what ends an unquoted one. `quote` is the
    /// quote and where it opened.
    fn escaped(&mut self, quote: Option<(u8, usize)>) -> Result<Cow<'a, str>> {
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            match quote {
                Some((_, start)) if c == '\n' => return Err(unclosed(start)),
                Some((quote, _)) if c == char::from(quote) => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                None if ends_word(c) || self.escaped_blank().is_some() => {
                    return Ok(Cow::Owned(text));
                }
                _ => {}
            }
            self.at += c.len_utf8();
            text.push(if c == '\\' { self.escape()? } else { c });
        }
        match quote {
            Some((_, start)) => Err(unclosed(start)),
            None => Ok(Cow::Owned(text)),
        }
    }

    /// What a backslash and the characters after it stand for.
    fn escape(&mut self) -> Result<char> {
        let start = self.at.saturating_sub(1);
        let Some(c) = self.rest().chars().next() else {
            return Err(SyntaxError::new(Span { start, end: self.at }, "the text ends in a backslash")
                .expected("a character after the backslash"));
        };
        self.at += c.len_utf8();
        Ok(match c {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits =
                    self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let Some(c) = code.and_then(char::from_u32) else {
                    return Err(SyntaxError::new(
                        Span { start, end: self.at },
                        "this escape is not a character",
                    )
                    .expected("\\u and four hexadecimal digits"));
                };
                self.at += 4;
                c
            }
            other => other,
        })
    }
}

/// Whether an unquoted word ends before `c`.
fn ends_word(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | ';' | ',' | '{' | '}' | '[' | ']' | '#' | ')')
}

fn unclosed(start: usize) -> alloc::boxed::Box<SyntaxError> {
    SyntaxError::new(Span { start, end: start + 1 }, "this quote is not closed")
        .expected("its other half on this line")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn words(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text);
        let mut words = Vec::new();
        loop {
            let token = lexer.next().unwrap();
            if token.kind == TokenKind::End {
                return words;
            }
            words.push(token.text.into_owned());
        }
    }

    #[test]
    fn brackets_commas_and_braces_stand_alone_wherever_they_touch_a_word() {
        assert_eq!(words("community [1:2 3:4];"), ["community", "[", "1:2", "3:4", "]", ";"]);
        assert_eq!(words("[64,24] {x}"), ["[", "64", ",", "24", "]", "{", "x", "}"]);
    }

    #[test]
    fn parentheses_stand_alone_at_the_ends_of_a_word_only() {
        assert_eq!(words("(18144:1.2.3.4) a(b|c)d"), ["(", "18144:1.2.3.4", ")", "a(b|c)d"]);
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        assert_eq!(words("a # b; c\nd#e\nf"), ["a", "d", "f"]);
    }

    #[test]
    fn quotes_keep_blanks_and_separators_and_may_be_empty() {
        assert_eq!(words(r#""a b;" 'it"s' """#), ["a b;", "it\"s", ""]);
    }

    #[test]
    fn a_quote_that_is_not_closed_on_its_line_is_refused_where_it_opens() {
        let mut lexer = Lexer::new("a \"b\nc\"");
        lexer.next().unwrap();
        assert_eq!(lexer.next().unwrap_err().span, Span { start: 2, end: 3 });
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        assert_eq!(words(r#"a\ b "c\"d" \u0041 "\n""#), ["a b", "c\"d", "A", "\n"]);
    }

    #[test]
    fn an_escaped_line_end_outside_of_quotes_is_a_blank() {
        assert_eq!(words(r"{\n match\t{\n}\n"), ["{", "match", "{", "}"]);
    }

    #[test]
    fn a_backslash_at_the_end_of_a_line_joins_it_with_the_next() {
        let mut lexer = Lexer::new("a \\\n\tb \\  \nc\nd");
        let newlines: Vec<_> = (0..4).map(|_| lexer.next().unwrap().after_newline).collect();
        assert_eq!(newlines, [false, false, false, true]);
    }

    #[test]
    fn a_token_knows_its_place() {
        let mut lexer = Lexer::new("é x");
        assert_eq!(lexer.next().unwrap().span, Span { start: 0, end: 2 });
        assert_eq!(lexer.next().unwrap().span, Span { start: 3, end: 4 });
    }
}
