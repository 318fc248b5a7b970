//! The top of a configuration file: `process`, `template` and `neighbor` sections.
//!
//! However many neighbors and routes are in it, it can be read a slice at a time.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::neighbor::Neighbor;
use super::partial::Partial;
use super::process::Process;
use super::route_section::RouteSection;
use super::settings::{Encoder, Settings};
use super::{Config, ConfigError, ConfigText};
use super::{api, finish, options};
use crate::grammar::{
    Cursor, CursorPlace, Result, RouteCollector, RouteList, Span, SyntaxError, TextKind, Token, TokenKind,
    address_and_length, unexpected, unknown,
};

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn parse(file: &ConfigText, settings: &Settings) -> Result<Self, ConfigError> {
        let mut cursor = Cursor::new(&file.text, TextKind::File);
        let mut parser = Parser::default();
        let read = parser.read(&mut cursor, settings, &mut { usize::MAX });
        conclude(file, settings, parser, cursor, read.map(drop))
    }
}

/// A configuration file that is read a slice at a time.
#[derive(Debug)]
pub struct ConfigReading {
    file: ConfigText,
    place: CursorPlace,
    parser: Parser,
}

impl ConfigReading {
    /// Nothing is read yet.
    pub fn new(file: ConfigText) -> Self {
        Self { file, place: CursorPlace::default(), parser: Parser::default() }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// Reads on as long as there is `room` for so many statements and routes, and takes from it what it has used. `None`: there
    /// is more to read.
    ///
    /// # Errors
    /// As [`Config::parse`].
    pub fn go_on(&mut self, settings: &Settings, room: &mut usize) -> Option<Result<Config, ConfigError>> {
        let mut cursor = Cursor::resume(&self.file.text, core::mem::take(&mut self.place));
        let read = self.parser.read(&mut cursor, settings, room);
        if let Ok(false) = read {
            self.place = cursor.pause();
            return None;
        }
        let parser = core::mem::take(&mut self.parser);
        Some(conclude(&self.file, settings, parser, cursor, read.map(drop)))
    }
}

/// What was read of a whole file, or what is wrong with it.
fn conclude(
    file: &ConfigText,
    settings: &Settings,
    parser: Parser,
    mut cursor: Cursor<'_>,
    read: Result<()>,
) -> Result<Config, ConfigError> {
    let locate = |fault: &SyntaxError| fault.locate(&file.name, &file.text);
    let read = match read {
        Err(fault) => Err(parser.explained(fault, &file.text)),
        Ok(()) => parser.finish(&mut cursor, settings),
    };
    match read {
        Ok((processes, neighbors)) => {
            Ok(Config { processes, neighbors, warnings: cursor.warnings.iter().map(locate).collect() })
        }
        Err(fault) => Err(locate(&fault).into()),
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Parser {
    processes: Vec<Process>,
    templates: BTreeMap<String, Partial>,
    neighbors: Vec<(Partial, Span)>,
    /// The sections that are open, the innermost last, and where each begins.
    open: Vec<(OpenSection, Span)>,
    /// The neighbor or the template that is being read.
    partial: Partial,
    collector: RouteCollector,
    /// Its routes that are announced after whatever follows them.
    deferred: RouteList,
}

/// A section that is read a statement at a time.
#[derive(Debug)]
enum OpenSection {
    /// `template`
    Templates,
    /// A template, by its name.
    Template(String),
    /// A neighbor, and where it begins.
    Neighbor(Span),
    Routes(RouteSection),
}

impl OpenSection {
    fn name(&self) -> &'static str {
        match self {
            Self::Templates => "template",
            Self::Template(_) | Self::Neighbor(_) => "neighbor",
            Self::Routes(section) => section.name(),
        }
    }
}

const SECTIONS: &[&str] = &["process", "template", "neighbor"];

/// Reading, a statement at a time.
impl Parser {
    /// Reads on as long as there is room; whether it has got to the end.
    fn read(&mut self, cursor: &mut Cursor<'_>, settings: &Settings, room: &mut usize) -> Result<bool> {
        while *room > 0 {
            let Some((section, opening)) = self.open.last() else {
                *room -= 1;
                if !self.section(cursor, settings)? {
                    return Ok(true);
                }
                continue;
            };
            if cursor.close_block(section.name(), *opening)? {
                self.close();
                continue;
            }
            let keyword = cursor.keyword("a statement or `}`")?;
            match section {
                OpenSection::Templates if keyword.is("neighbor") => self.template(cursor)?,
                OpenSection::Templates => return Err(unknown(&keyword, "a template", &["neighbor"])),
                OpenSection::Template(_) | OpenSection::Neighbor(_) => {
                    let named = options::statement(cursor, &keyword, &mut self.partial)?;
                    self.open_routes(cursor, named)?;
                }
                OpenSection::Routes(section) => {
                    let named = section.statement(cursor, &keyword, &mut self.collector)?;
                    let read = self.collector.announcements.drain(..);
                    *room = room.saturating_sub(read.len().saturating_sub(1));
                    read.for_each(|announcement| self.partial.routes.push(announcement));
                    self.open_routes(cursor, named)?;
                }
            }
            *room = room.saturating_sub(1);
        }
        Ok(false)
    }

    /// The fault, which is where a `}` is missing if it is that a section begins within another one.
    fn explained(&self, mut fault: Box<SyntaxError>, text: &str) -> Box<SyntaxError> {
        let word = text.get(fault.span.start..fault.span.end).unwrap_or_default();
        let is_unknown = fault.problem.starts_with(&alloc::format!("`{word}` is not "));
        if let (Some((section, opening)), true) = (self.open.first(), is_unknown && SECTIONS.contains(&word))
        {
            let line = text.get(..opening.start).unwrap_or_default().matches('\n').count() + 1;
            let end =
                alloc::format!("; the block ({}) of line {line} is not closed before it", section.name());
            fault.problem.push_str(&end);
            fault.nearest = None;
            return fault.expected("`}`");
        }
        fault
    }

    fn open(&mut self, cursor: &mut Cursor<'_>, section: OpenSection) -> Result<()> {
        let opening = cursor.open_block(section.name())?;
        self.open.push((section, opening));
        Ok(())
    }

    fn open_routes(&mut self, cursor: &mut Cursor<'_>, section: Option<RouteSection>) -> Result<()> {
        section.map_or(Ok(()), |section| self.open(cursor, OpenSection::Routes(section)))
    }

    /// The innermost section is over.
    fn close(&mut self) {
        match self.open.pop() {
            Some((OpenSection::Template(name), _)) => {
                let partial = self.take_partial();
                self.templates.insert(name, partial);
            }
            Some((OpenSection::Neighbor(place), _)) => {
                let partial = self.take_partial();
                self.neighbors.push((partial, place));
            }
            // What is read from now on goes before what was read so far, as with ExaBGP.
            Some((OpenSection::Routes(RouteSection::L2vpn), _)) => {
                self.deferred.append(&core::mem::take(&mut self.partial.routes));
            }
            Some((OpenSection::Routes(_) | OpenSection::Templates, _)) | None => {}
        }
    }

    fn take_partial(&mut self) -> Partial {
        let mut partial = core::mem::take(&mut self.partial);
        partial.routes.append(&core::mem::take(&mut self.deferred));
        partial.first_routes = core::mem::take(&mut self.collector.first);
        partial.first_self = core::mem::take(&mut self.collector.first_self);
        partial
    }

    /// What comes next outside of all sections; `false`: nothing.
    fn section(&mut self, cursor: &mut Cursor<'_>, settings: &Settings) -> Result<bool> {
        let token = cursor.take()?;
        match token.kind {
            TokenKind::End => return Ok(false),
            TokenKind::CloseBrace => Self::surplus(cursor, &token)?,
            TokenKind::Word => match token.text.as_ref() {
                "process" => self.process(cursor, settings)?,
                "template" => self.open(cursor, OpenSection::Templates)?,
                "neighbor" => self.neighbor(cursor)?,
                _ => return Err(unknown(&token, "a section", SECTIONS)),
            },
            _ => return Err(unexpected(&token).one_of("", SECTIONS)),
        }
        Ok(true)
    }

    /// ExaBGP stops reading at a `}` too many. At the end of the file that does no harm.
    fn surplus(cursor: &mut Cursor<'_>, brace: &Token<'_>) -> Result<()> {
        let fault = SyntaxError::new(brace.span, "there is no open block that this `}` could close");
        if cursor.peek()?.kind == TokenKind::End {
            cursor.warn(fault);
            return Ok(());
        }
        Err(fault.one_of("", SECTIONS))
    }

    fn neighbor(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let expected = "the peer's address, or a prefix of passive peers";
        let peer = cursor.value("a peer's address", expected, address_and_length)?;
        let place = cursor.last();
        let address =
            Token { kind: TokenKind::Word, text: "peer-address".into(), span: place, after_newline: false };
        self.partial.peer_address.set(cursor, &address, peer);
        self.open(cursor, OpenSection::Neighbor(place))
    }

    fn template(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let name = cursor.word("the template's name")?;
        if !name.text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)) {
            let problem = alloc::format!("`{}` cannot name a template", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("letters, digits, `.`, `-` and `_`"));
        }
        if self.templates.contains_key(name.text.as_ref()) {
            let problem = alloc::format!("there is a template `{}` already", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("another name"));
        }
        self.open(cursor, OpenSection::Template(name.text.to_string()))
    }

    fn process(&mut self, cursor: &mut Cursor<'_>, settings: &Settings) -> Result<()> {
        let name = cursor.word("the program's name")?;
        if self.processes.iter().any(|process| process.name == name.text) {
            let problem = alloc::format!("there is a process `{}` already", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("another name"));
        }
        let mut process = Process {
            name: name.text.to_string(),
            run: Vec::new(),
            encoder: settings.api.encoder,
            respawn: true,
        };
        cursor.block("process", |cursor, keyword| {
            match keyword.text.as_ref() {
                "run" => {
                    process.run = Vec::from([cursor.word("a program's path")?.text.to_string()]);
                    while !cursor.at_end()? {
                        process.run.push(argument(cursor)?);
                    }
                }
                "encoder" => {
                    process.encoder =
                        cursor.choice("an encoder", &[("text", Encoder::Text), ("json", Encoder::Json)])?;
                }
                "respawn" => process.respawn = cursor.boolean(true)?,
                _ => return Err(unknown(&keyword, "an option of a process", &["run", "encoder", "respawn"])),
            }
            cursor.end_statement()
        })?;
        if process.run.is_empty() {
            let problem = alloc::format!("the process `{}` says no program", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("`run <path> <arguments>;`"));
        }
        self.processes.push(process);
        Ok(())
    }

    /// Applies the templates and checks each neighbor.
    fn finish(self, cursor: &mut Cursor<'_>, settings: &Settings) -> Result<(Vec<Process>, Vec<Neighbor>)> {
        let names: Vec<&str> = self.processes.iter().map(|process| process.name.as_str()).collect();
        let mut neighbors: Vec<Neighbor> = Vec::with_capacity(self.neighbors.len());
        let mut seen = alloc::collections::BTreeSet::new();
        for (mut partial, place) in self.neighbors {
            // ExaBGP takes nothing from a template that is not there. Where something is missing then, this is why.
            let mut unknown = None;
            for inherited in core::mem::take(&mut partial.inherits) {
                if let Some(template) = self.templates.get(&inherited.value) {
                    partial.inherit(template, cursor);
                    continue;
                }
                let known: Vec<&str> = self.templates.keys().map(String::as_str).collect();
                let problem =
                    alloc::format!("there is no template `{}`, so nothing is inherited", inherited.value);
                let define = alloc::format!("`template {{ neighbor {} {{ … }} }}`", inherited.value);
                unknown = Some(
                    SyntaxError::new(inherited.span, problem)
                        .expected(define)
                        .one_of(&inherited.value, &known),
                );
                unknown.iter().for_each(|fault| cursor.warn(fault.clone()));
            }
            let subscriptions = api::subscriptions(&partial.api, &names)?;
            let neighbor = finish::neighbor(partial, subscriptions, place, settings, cursor)
                .map_err(|fault| unknown.unwrap_or(fault))?;
            if !seen.insert(neighbor.identifier()) {
                let problem = alloc::format!("there is a neighbor {} like this already", neighbor.peer);
                return Err(SyntaxError::new(place, problem)
                    .expected("another address, port to listen on, AS number or router id"));
            }
            neighbors.push(neighbor);
        }
        Ok((self.processes, neighbors))
    }
}

/// An argument of a program. Commas and brackets stand for themselves there.
fn argument(cursor: &mut Cursor<'_>) -> Result<String> {
    let token = cursor.take()?;
    if token.after_newline {
        return Err(SyntaxError::new(token.span, "the statement above this line is not ended")
            .expected("`;` before it"));
    }
    Ok(token.text.to_string())
}
