//! Configurations as trees of statements.

use crate::scenario::Scenario;

/// A statement of a configuration, such as `hold-time 90;`, or a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its words, quotes and brackets as they were written.
    pub(super) words: Vec<String>,
    /// What stands between its braces; `None`: it ends with a semicolon.
    pub(super) block: Option<Vec<Statement>>,
}

impl Statement {
    /// Its word number `index`.
    pub(super) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// Whether it is a block of this name.
    pub(super) fn is_block(&self, name: &str) -> bool {
        self.block.is_some() && self.word(0) == name
    }
}

/// The statements of a configuration; `None`: its braces or quotes have no other half.
pub(super) fn parse(text: &str) -> Option<Vec<Statement>> {
    let mut open: Vec<(Vec<String>, Vec<Statement>)> = Vec::new();
    let (mut statements, mut words) = (Vec::new(), Vec::new());
    for token in tokens(text)? {
        match token.as_str() {
            ";" => statements.push(Statement { words: std::mem::take(&mut words), block: None }),
            "{" => open.push((std::mem::take(&mut words), std::mem::take(&mut statements))),
            "}" => {
                if !words.is_empty() {
                    statements.push(Statement { words: std::mem::take(&mut words), block: None });
                }
                let (own, before) = open.pop()?;
                let block = std::mem::replace(&mut statements, before);
                statements.push(Statement { words: own, block: Some(block) });
            }
            _ => words.push(token),
        }
    }
    (open.is_empty() && words.is_empty()).then_some(statements)
}

/// Words, and the signs between them, without comments.
fn tokens(text: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let end_word = |word: &mut String, tokens: &mut Vec<String>| {
            if !word.is_empty() {
                tokens.push(std::mem::take(word));
            }
        };
        match c {
            '"' | '\'' if word.is_empty() => {
                word.push(c);
                loop {
                    let next = rest.next()?;
                    word.push(next);
                    match next {
                        '\\' => word.push(rest.next()?),
                        _ if next == c => break,
                        _ => {}
                    }
                }
                end_word(&mut word, &mut tokens);
            }
            '#' => {
                end_word(&mut word, &mut tokens);
                rest.find(|c| *c == '\n');
            }
            ';' | '{' | '}' | '[' | ']' => {
                end_word(&mut word, &mut tokens);
                tokens.push(c.to_string());
            }
            c if c.is_whitespace() => end_word(&mut word, &mut tokens),
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    Some(tokens)
}

/// How many columns a block may take to stand in one line.
const COLUMNS: usize = 110;

/// The text of statements, one a line; a block that fits in a line stands in one.
pub(super) fn render(statements: &[Statement]) -> String {
    fn flat(Statement { words, block }: &Statement) -> String {
        let words = words.join(" ");
        match block {
            None => format!("{words};"),
            Some(block) => {
                let inner: String = block.iter().map(|statement| flat(statement) + " ").collect();
                format!("{words} {{ {inner}}}")
            }
        }
    }
    fn write(statements: &[Statement], depth: usize, text: &mut String) {
        for statement @ Statement { words, block } in statements {
            let indent = "\t".repeat(depth);
            let short = flat(statement);
            let words = words.join(" ");
            match block {
                _ if short.len() + depth <= COLUMNS => text.push_str(&format!("{indent}{short}\n")),
                None => text.push_str(&format!("{indent}{words};\n")),
                Some(block) => {
                    text.push_str(&format!("{indent}{words} {{\n"));
                    write(block, depth + 1, text);
                    text.push_str(&format!("{indent}}}\n"));
                }
            }
        }
    }
    let mut text = String::new();
    write(statements, 0, &mut text);
    text
}

/// Which configuration: whose, and its number, for a speaker may read others after its first one.
pub(super) type ConfigPlace = (usize, usize);

/// All configurations.
pub(super) fn configs(scenario: &Scenario) -> Vec<ConfigPlace> {
    let speakers = scenario.play.speakers.iter().enumerate();
    speakers.flat_map(|(speaker, own)| (0..own.files.len()).map(move |file| (speaker, file))).collect()
}

/// The scenario with the statements of one configuration changed; `None`: they cannot be told apart, or nothing changed.
pub(super) fn with(
    scenario: &Scenario,
    (speaker, file): ConfigPlace,
    change: impl FnOnce(&mut Vec<Statement>),
) -> Option<Scenario> {
    let mut scenario = scenario.clone();
    let file = scenario.play.speakers.get_mut(speaker)?.files.get_mut(file)?;
    let before = parse(&file.text)?;
    let mut statements = before.clone();
    change(&mut statements);
    if statements == before {
        return None;
    }
    file.text = render(&statements);
    Some(scenario)
}

/// The statements of a configuration; none where they cannot be told apart.
pub(super) fn of(scenario: &Scenario, (speaker, file): ConfigPlace) -> Vec<Statement> {
    let file = scenario.play.speakers.get(speaker).and_then(|speaker| speaker.files.get(file));
    file.and_then(|file| parse(&file.text)).unwrap_or_default()
}

/// How many statements all configurations have, and how many words.
pub(super) fn weight(scenario: &Scenario) -> (usize, usize) {
    fn count(statements: &[Statement]) -> (usize, usize) {
        statements.iter().fold((0, 0), |(number, words), statement| {
            let below = count(statement.block.as_deref().unwrap_or_default());
            (number + 1 + below.0, words + statement.words.len() + below.1)
        })
    }
    let all = configs(scenario).into_iter().map(|place| count(&of(scenario, place)));
    all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// Removes the statement at a place: the index at each depth.
pub(super) fn remove_at(statements: &mut Vec<Statement>, path: &[usize]) {
    let Some((last, above)) = path.split_last() else { return };
    let block = match above {
        [] => Some(statements),
        above => at(statements, above).and_then(|statement| statement.block.as_mut()),
    };
    if let Some(block) = block.filter(|block| *last < block.len()) {
        block.remove(*last);
    }
}

/// The statement at a place.
pub(super) fn at<'s>(statements: &'s mut [Statement], path: &[usize]) -> Option<&'s mut Statement> {
    let (index, below) = path.split_first()?;
    let statement = statements.get_mut(*index)?;
    if below.is_empty() { Some(statement) } else { at(statement.block.as_mut()?, below) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "process feed { # a comment; with a semicolon\n run ./feed; encoder text; }\n\
        neighbor 10.0.0.2 { description \"a; b\"; api { processes [feed]; } static { route 10.0.0.0/24 next-hop self med 5; } }\n";

    #[test]
    fn what_is_parsed_is_written_a_statement_or_a_short_block_a_line_and_parsed_as_the_same() {
        let statements = parse(TEXT).unwrap();
        let text = render(&statements);
        assert!(text.contains("\n\tapi { processes [ feed ]; }\n"), "{text}");
        assert!(
            text.starts_with("process feed { run ./feed; encoder text; }\nneighbor 10.0.0.2 {\n"),
            "{text}"
        );
        assert!(text.contains("description \"a; b\";") && !text.contains("comment"), "{text}");
        assert_eq!(parse(&text).unwrap(), statements);
    }

    #[test]
    fn what_is_open_at_the_end_is_no_tree_of_statements() {
        for text in ["neighbor 10.0.0.2 {", "a }", "description \"a;", "hold-time 9"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_statement_is_found_and_removed_at_its_place() {
        let mut statements = parse(TEXT).unwrap();
        assert_eq!(at(&mut statements, &[1, 1, 0]).unwrap().word(0), "processes");
        remove_at(&mut statements, &[1, 1]);
        assert_eq!(at(&mut statements, &[1, 1]).unwrap().word(0), "static");
        assert_eq!(at(&mut statements, &[1, 7]), None);
    }
}
