//! A place in a stream of tokens, with what every statement needs: words, values, lists, ends and blocks.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::fault::{Result, Span, SyntaxError};
use super::token::{Lexer, Token, TokenKind};

/// Where the text comes from: what it may leave out depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// A file: statements end with `;`. ExaBGP closes for itself what is open at its end, so that is a warning.
    File,
    /// A line of the API: its end ends the statement.
    Line,
}

/// Reads tokens with one of lookahead.
pub(crate) struct Cursor<'a> {
    lexer: Lexer<'a>,
    peeked: Option<Token<'a>>,
    text: &'a str,
    /// The token taken last.
    last: Span,
    source: TextKind,
    /// How many blocks are open.
    depth: usize,
    pub(crate) warnings: Vec<SyntaxError>,
}

/// A place between two statements, to go on from.
#[derive(Clone, Debug, Default)]
pub(crate) struct CursorPlace {
    at: usize,
    last: Span,
    depth: usize,
    warnings: Vec<SyntaxError>,
}

impl<'a> Cursor<'a> {
    /// Goes on in a file's text.
    pub(crate) fn resume(text: &'a str, place: CursorPlace) -> Self {
        let CursorPlace { at, last, depth, warnings } = place;
        let lexer = Lexer::from(text, at);
        Self { lexer, last, depth, warnings, ..Self::new(text, TextKind::File) }
    }

    /// Where to go on.
    pub(crate) fn pause(self) -> CursorPlace {
        let Self { lexer, peeked, last, depth, warnings, .. } = self;
        let at = if peeked.is_some() { last.end } else { lexer.at() };
        CursorPlace { at, last, depth, warnings }
    }

    pub(crate) fn new(text: &'a str, source: TextKind) -> Self {
        Self {
            lexer: Lexer::new(text),
            peeked: None,
            text,
            last: Span::default(),
            source,
            depth: 0,
            warnings: Vec::new(),
        }
    }

    /// Notes what is no error.
    #[allow(clippy::boxed_local)] // that is how faults are built
    pub(crate) fn warn(&mut self, fault: Box<SyntaxError>) {
        self.warnings.push(*fault);
    }

    pub(crate) fn peek(&mut self) -> Result<&Token<'a>> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        Ok(self.peeked.insert(token))
    }

    pub(crate) fn take(&mut self) -> Result<Token<'a>> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.last = token.span;
        Ok(token)
    }

    /// The place of the token taken last.
    pub(crate) fn last(&self) -> Span {
        self.last
    }

    /// Where the statement just read ended with `;`, the text from `start` to there, to be recognised where it comes
    /// again. A text that set off a warning is not offered.
    pub(crate) fn tail(&self, start: usize, warnings: usize) -> Option<Span> {
        let tail = Span { start, end: self.last.end };
        let whole = self.text.get(tail.start..tail.end)?.ends_with(';');
        (whole && self.peeked.is_none() && self.warnings.len() == warnings).then_some(tail)
    }

    /// Skips what follows where it repeats the text at `tail`: it would give the same tokens.
    pub(crate) fn skip_repeated(&mut self, tail: Span) -> bool {
        let Some(text) = self.text.get(tail.start..tail.end) else { return false };
        let repeated = self.peeked.is_none() && self.lexer.skip(text);
        if repeated {
            self.last = Span { start: self.last.end, end: self.last.end + text.len() };
        }
        repeated
    }

    /// The token that must go on with the statement: not one on the next line.
    fn take_inside(&mut self, expected: &str) -> Result<Token<'a>> {
        let at = self.last;
        let token = self.peek()?;
        if token.after_newline || token.kind == TokenKind::End {
            return Err(SyntaxError::new(at, "the statement breaks off here").expected(expected));
        }
        self.take()
    }

    /// The first word of a statement.
    pub(crate) fn keyword(&mut self, expected: &str) -> Result<Token<'a>> {
        let token = self.take()?;
        match token.kind {
            TokenKind::Word => Ok(token),
            TokenKind::End => Err(SyntaxError::new(token.span, "the text ends here").expected(expected)),
            _ => Err(unexpected(&token).expected(expected)),
        }
    }

    /// A word inside a statement.
    pub(crate) fn word(&mut self, expected: &str) -> Result<Token<'a>> {
        let token = self.take_inside(expected)?;
        if token.kind == TokenKind::Word { Ok(token) } else { Err(unexpected(&token).expected(expected)) }
    }

    /// The word that `parse` turns into a value; where it does not, the word "is not" `what`.
    pub(crate) fn value<T>(
        &mut self,
        what: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        let word = self.word(expected)?;
        parse(&word.text).ok_or_else(|| not_a(&word, what).expected(expected))
    }

    /// The value that one of these words stands for, whatever their case.
    pub(crate) fn choice<T: Copy>(&mut self, what: &str, choices: &[(&'static str, T)]) -> Result<T> {
        let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let word = self.word(what).map_err(|fault| fault.one_of("", &names()))?;
        let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word.text));
        found.map(|(_, value)| *value).ok_or_else(|| not_a(&word, what).one_of(&word.text, &names()))
    }

    /// Takes the token of this kind that must stand here.
    pub(crate) fn expect(&mut self, kind: TokenKind, written: &str) -> Result<()> {
        let token = self.take_inside(written)?;
        if token.kind == kind { Ok(()) } else { Err(unexpected(&token).expected(written)) }
    }

    /// Takes the word that must stand here.
    pub(crate) fn expect_word(&mut self, word: &'static str) -> Result<()> {
        let token = self.take_inside(word)?;
        if token.is(word) { Ok(()) } else { Err(unexpected(&token).expected(alloc::format!("`{word}`"))) }
    }

    /// Takes the next token where it is of this kind.
    pub(crate) fn eat(&mut self, kind: TokenKind) -> Result<bool> {
        let found = self.peek()?.kind == kind;
        if found {
            self.take()?;
        }
        Ok(found)
    }

    /// Takes the next token where it is this word.
    pub(crate) fn eat_word(&mut self, word: &str) -> Result<bool> {
        let found = self.peek()?.is(word);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    /// Whether nothing more belongs to the statement.
    pub(crate) fn at_end(&mut self) -> Result<bool> {
        let kind = self.peek()?.kind;
        Ok(matches!(
            kind,
            TokenKind::Semicolon | TokenKind::OpenBrace | TokenKind::CloseBrace | TokenKind::End
        ))
    }

    /// Whether a block follows.
    pub(crate) fn at_block(&mut self) -> Result<bool> {
        Ok(self.peek()?.kind == TokenKind::OpenBrace)
    }

    /// Takes the `;` that ends a statement, or the end of the line in its place.
    pub(crate) fn end_statement(&mut self) -> Result<()> {
        let at = self.last;
        let source = self.source;
        let token = self.peek()?;
        match token.kind {
            TokenKind::Semicolon if !token.after_newline => self.take().map(drop),
            TokenKind::End if source == TextKind::Line => Ok(()),
            _ if token.after_newline || token.kind == TokenKind::End => {
                Err(SyntaxError::new(Span { start: at.end, end: at.end + 1 }, "the statement is not ended")
                    .expected("`;`"))
            }
            _ => {
                let surplus = self.surplus(TokenKind::Semicolon, "`;`")?;
                self.take()?;
                self.warn(surplus);
                Ok(())
            }
        }
    }

    /// Skips what stands before the token of this kind that ends or opens the statement, on the same line: ExaBGP reads no further
    /// than it needs, but for a command without blocks, which must hold nothing more. Returns what to warn of.
    fn surplus(&mut self, kind: TokenKind, written: &str) -> Result<Box<SyntaxError>> {
        let (source, depth) = (self.source, self.depth);
        let first = self.peek()?;
        let mut span = first.span;
        let fault = unexpected(first).expected(written);
        let is_command = source == TextKind::Line && depth == 0 && kind == TokenKind::Semicolon;
        if is_command || first.kind == kind {
            return Err(fault);
        }
        loop {
            let token = self.peek()?;
            // The end of a command is as good as its `;`.
            let ends =
                token.kind == TokenKind::End && source == TextKind::Line && kind == TokenKind::Semicolon;
            if ends || token.kind == kind && !token.after_newline {
                let problem = "this has no effect: what it stands behind is complete";
                return Ok(SyntaxError::new(span, problem).expected(written));
            }
            let beyond = matches!(
                token.kind,
                TokenKind::Semicolon | TokenKind::OpenBrace | TokenKind::CloseBrace | TokenKind::End
            );
            if beyond || token.after_newline {
                return Err(fault);
            }
            span.end = self.take()?.span.end;
        }
    }

    /// Takes what stands between a section's name and its block, which ExaBGP does not read.
    pub(crate) fn skip_to_block(&mut self) -> Result<()> {
        let token = self.peek()?;
        if !token.after_newline && !matches!(token.kind, TokenKind::OpenBrace | TokenKind::End) {
            let surplus = self.surplus(TokenKind::OpenBrace, "`{`")?;
            self.warn(surplus);
        }
        Ok(())
    }

    /// Whether a block opens before the statement ends.
    pub(crate) fn block_ahead(&mut self) -> Result<bool> {
        let mut token = self.peek()?.clone();
        let mut ahead = self.lexer;
        loop {
            match token.kind {
                TokenKind::OpenBrace => return Ok(true),
                TokenKind::Semicolon | TokenKind::CloseBrace | TokenKind::End => return Ok(false),
                _ => token = ahead.next()?,
            }
        }
    }

    /// Everything up to the `;`, as it is written; a quoted word alone without its quotes.
    pub(crate) fn rest_of_statement(&mut self) -> Result<String> {
        let mut text = String::new();
        let mut span: Option<Span> = None;
        while !self.at_end()? && !self.peek()?.after_newline {
            let token = self.take()?;
            text = match span {
                None => token.text.into_owned(),
                Some(first) => self.text.get(first.start..token.span.end).unwrap_or_default().into(),
            };
            span = Some(span.unwrap_or(token.span));
        }
        Ok(text)
    }

    /// The items of `[ a b c ]`, commas between them or not, or the one item that stands without brackets.
    pub(crate) fn list(
        &mut self,
        expected: &str,
        mut item: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if !self.eat(TokenKind::OpenBracket)? {
            return item(self);
        }
        loop {
            if self.eat(TokenKind::CloseBracket)? {
                return Ok(());
            }
            if self.eat(TokenKind::Comma)? {
                continue;
            }
            if self.at_end()? {
                let at = self.last;
                return Err(SyntaxError::new(at, "the list breaks off here")
                    .expected(alloc::format!("{expected} or `]`")));
            }
            item(self)?;
        }
    }

    /// The statements of `{ … }`, each introduced by its keyword. `section` is what the block is, for messages.
    pub(crate) fn block(
        &mut self,
        section: &str,
        mut statement: impl FnMut(&mut Self, Token<'a>) -> Result<()>,
    ) -> Result<()> {
        let opening = self.open_block(section)?;
        while !self.close_block(section, opening)? {
            let keyword = self.keyword("a statement or `}`")?;
            statement(self, keyword)?;
        }
        Ok(())
    }

    /// Takes the beginning of a block; where that is.
    pub(crate) fn open_block(&mut self, section: &str) -> Result<Span> {
        self.skip_to_block()?;
        let token = self.peek()?;
        if token.kind == TokenKind::OpenBrace && token.after_newline {
            let problem = alloc::format!("this block ({section}) opens on a line of its own");
            return Err(
                SyntaxError::new(token.span, problem).expected("the `{` at the end of the line before")
            );
        }
        self.expect(TokenKind::OpenBrace, "`{`")?;
        self.depth += 1;
        Ok(self.last)
    }

    /// Takes the end of the block that was opened there, if it comes next.
    pub(crate) fn close_block(&mut self, section: &str, opening: Span) -> Result<bool> {
        let closes = match self.peek()?.kind {
            TokenKind::CloseBrace => self.take().map(|_| true)?,
            TokenKind::End => {
                let problem = alloc::format!("this block ({section}) is not closed");
                self.warn(SyntaxError::new(opening, problem).expected("`}`"));
                true
            }
            _ => false,
        };
        self.depth -= usize::from(closes);
        Ok(closes)
    }

    /// Takes what may stand behind a whole command: more `}` than were opened, where it had a block, as in ExaBGP.
    pub(crate) fn surplus_braces(&mut self) -> Result<()> {
        let in_block = self.text.get(self.last.start..self.last.end) == Some("}");
        let mut surplus: Option<Span> = None;
        while in_block && self.peek()?.kind == TokenKind::CloseBrace {
            let Span { start, end } = self.take()?.span;
            surplus = Some(Span { start: surplus.map_or(start, |span| span.start), end });
        }
        if let Some(span) = surplus {
            let problem = "this has no effect: every block is closed";
            self.warn(SyntaxError::new(span, problem).expected("the end of the command"));
        }
        Ok(())
    }

    /// The options of a statement, on its line or in its block: `a 1 b 2;` or `{ a 1; b 2; }`.
    pub(crate) fn options(
        &mut self,
        section: &str,
        mut option: impl FnMut(&mut Self, Token<'a>) -> Result<()>,
    ) -> Result<()> {
        if self.at_block()? {
            return self.block(section, |cursor, keyword| {
                option(cursor, keyword)?;
                cursor.end_statement()
            });
        }
        while !self.at_end()? {
            let keyword = self.word("an option or `;`")?;
            option(self, keyword)?;
        }
        self.end_statement()
    }
}

/// The fault that `token` stands where it does.
pub(crate) fn unexpected(token: &Token<'_>) -> Box<SyntaxError> {
    let problem = match token.kind {
        TokenKind::End => String::from("the text ends here"),
        _ => alloc::format!("`{}` does not belong here", token.text),
    };
    SyntaxError::new(token.span, problem)
}

/// The fault that a word is not what it should be.
pub(crate) fn not_a(word: &Token<'_>, what: &str) -> Box<SyntaxError> {
    SyntaxError::new(word.span, alloc::format!("`{}` is not {what}", word.text))
}

/// The fault that a word is none of `words`.
pub(crate) fn unknown(word: &Token<'_>, what: &str, words: &[&str]) -> Box<SyntaxError> {
    not_a(word, what).one_of(&word.text, words)
}
