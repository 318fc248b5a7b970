//! Cases: a configuration, what the peer must receive, and the programs that the configuration starts.
//!
//! ```text
//! NAME.ci                 the names of its configuration files; several are a rotation
//! NAME.msg                what the other end must receive
//! *.conf                  the configurations
//! dialogue/*              the programs, as dialogues
//! ```
//!
//! ExaBGP's own suite keeps the first two in `encoding/` and the configurations in `etc/`; such folders are read as well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use holdtime_core::Duration;
use holdtime_core::config::{Config, ConfigText, Settings};

use crate::scenario::PeerPlace;
use crate::scenario::expectation::Expectation;
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::ProgramScript;
use crate::scenario::{Actor, Play, PlayGuests, PlayPeer, PlaySpeaker};
use crate::scenario::{Bounds, usual_prices};
use holdtime_machine::guest::Guests;
use holdtime_machine::net::{Kernel, SocketOptions};

static OWN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// How long a case may take, as in ExaBGP's own suite.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A folder of cases, wherever it is.
pub trait Folder {
    /// The names of its files, with `/` between folders, sorted.
    fn files(&self) -> Vec<String>;
    /// A file's text.
    fn read(&self, name: &str) -> Option<String>;
}

/// The project's own cases.
#[derive(Clone, Copy, Debug)]
pub struct OwnCases;

impl Folder for OwnCases {
    fn files(&self) -> Vec<String> {
        OWN.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn read(&self, name: &str) -> Option<String> {
        OWN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
    }
}

/// Which half of the suite a case belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseKind {
    /// A configuration in, UPDATEs out.
    Conf,
    /// A program drives the speaker.
    Api,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What it checks: the first comment of its rules.
    pub title: String,
    /// Which half of the suite it belongs to.
    pub kind: CaseKind,
    /// Its configurations, in the order of their rotation; their names are paths in the folder.
    pub configs: Vec<ConfigText>,
    /// What the peer must receive.
    pub expectation: Expectation,
    /// The programs by the command that starts each, with a script for each start and the last one for all further ones;
    /// none: the folder has no dialogue of this name.
    pub programs: Vec<(String, Vec<ProgramScript>)>,
    /// The dialogues are what programs were heard to say in a run that ended, as ExaBGP's own suite does, with the last
    /// rule; what they were up to then is not known.
    pub captured: bool,
    /// Where real programs come from, which the lab runs in place of those that have no dialogue.
    pub real: Option<Arc<dyn Guests>>,
}

/// Every case of a folder, in the order of their names.
///
/// # Errors
/// The first mistake in any of its files.
pub fn read_cases(folder: &dyn Folder) -> Result<Vec<Case>, CaseError> {
    let files = folder.files();
    let names = files.iter().filter_map(|file| file.strip_suffix(".ci"));
    let mut cases = names.map(|path| Case::read(folder, path)).collect::<Result<Vec<_>, _>>()?;
    cases.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(cases)
}

/// Why a case cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseError {
    /// A file that it needs is not there.
    Missing(String),
    /// A file is wrong.
    Wrong(Mistake),
    /// A configuration is wrong; the text says where.
    Configuration(String),
}

impl std::fmt::Display for CaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(file) => write!(f, "there is no \"{file}\""),
            Self::Wrong(mistake) => mistake.fmt(f),
            Self::Configuration(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for CaseError {}

impl Case {
    fn read(folder: &dyn Folder, path: &str) -> Result<Self, CaseError> {
        let open = |file: &str| folder.read(file).ok_or_else(|| CaseError::Missing(file.to_owned()));
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let rules = format!("{path}.msg");
        let rules = Source::new(rules.clone(), open(&rules)?);
        let expectation = Expectation::parse(&rules).map_err(CaseError::Wrong)?;
        let title = rules
            .text()
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .unwrap_or_default()
            .to_owned();
        let beside = path.strip_suffix(&name).unwrap_or_default();
        let place = if beside == "encoding/" { "etc/" } else { beside };
        let configs: Vec<ConfigText> = open(&format!("{path}.ci"))?
            .split_whitespace()
            .map(|file| format!("{place}{file}"))
            .map(|name| Ok(ConfigText { text: open(&name)?, name }))
            .collect::<Result<_, CaseError>>()?;
        let kind = if name.starts_with("api-") { CaseKind::Api } else { CaseKind::Conf };
        let mut case = Self {
            name,
            title,
            kind,
            configs,
            expectation,
            programs: Vec::new(),
            captured: false,
            real: None,
        };
        case.find_programs(folder, place)?;
        Ok(case)
    }

    fn find_programs(&mut self, folder: &dyn Folder, place: &str) -> Result<(), CaseError> {
        let settings = self.settings();
        for config in &self.configs {
            let parsed = Config::parse(config, &settings)
                .map_err(|error| CaseError::Configuration(error.to_string()))?;
            for process in parsed.processes {
                let Some(command) = process.run.first() else { continue };
                if self.programs.iter().any(|(known, _)| known == command) {
                    continue;
                }
                let file = format!("{place}{}", command.trim_start_matches("./"));
                let text =
                    folder.read(&file).filter(|text| text.starts_with("#!/usr/bin/env -S holdtime dialogue"));
                let script = text.map(|text| {
                    let source = Source::new(file, text);
                    ProgramScript::parse(&source, 0..source.text().len()).map_err(CaseError::Wrong)
                });
                self.programs.push((command.clone(), script.transpose()?.into_iter().collect()));
            }
        }
        Ok(())
    }

    /// The environment that a speaker is given for this case, as ExaBGP's variables; the port is the runner's to add.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("exabgp_tcp_bind", String::new()),
            ("exabgp_tcp_connections", self.expectation.options.connections.to_string()),
            ("exabgp_api_cli", "false".to_owned()),
            ("exabgp_daemon_drop", "false".to_owned()),
            ("exabgp_version", "5.0.0-0+test".to_owned()),
        ]
    }

    fn settings(&self) -> Settings {
        let environment = self.environment();
        let mut settings = Settings::default();
        // The names are ExaBGP's own and the values are right: nothing can be refused.
        let _ = settings.apply(environment.iter().map(|(name, value)| (*name, value.as_str())));
        settings
    }

    /// The programs that are to be real.
    fn guests(&self) -> Option<PlayGuests> {
        let source = self.real.clone()?;
        let without = self.programs.iter().filter(|(_, scripts)| scripts.is_empty());
        Some(PlayGuests { commands: without.map(|(command, _)| command.clone()).collect(), source })
    }

    /// The case as the lab plays it: the speaker and the checking peer on one machine, as in ExaBGP's own suite.
    pub fn play(&self) -> Play {
        let address: IpAddr = if self.expectation.options.ipv6 {
            Ipv6Addr::LOCALHOST.into()
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        let place = SocketAddr::new(address, 179);
        let programs = self.programs.iter().filter(|(_, scripts)| !scripts.is_empty()).cloned();
        // As in ExaBGP's own suite, where programs may be at work when the last rule is met.
        let ends_with_rules = self.captured || self.real.is_some();
        Play {
            name: self.name.clone(),
            speakers: vec![PlaySpeaker {
                name: "speaker".to_owned(),
                addresses: vec![Ipv4Addr::new(10, 0, 0, 1).into()],
                files: self.configs.clone(),
                settings: self.settings(),
                options: SocketOptions::default(),
            }],
            peers: vec![PlayPeer {
                name: "checker".to_owned(),
                addresses: Vec::new(),
                place: PeerPlace { listen: place, from: address, dial: place },
                options: SocketOptions::default(),
                actor: Actor::Check(self.expectation.clone()),
            }],
            programs: programs.collect(),
            clients: Vec::new(),
            guests: self.guests(),
            programs_count: !ends_with_rules,
            rests: !ends_with_rules,
            faults: Vec::new(),
            latency: Duration::from_micros(100),
            kernel: Kernel::default(),
            prices: usual_prices(),
            bounds: Bounds::default(),
            up: None,
            again_by: None,
            ends: None,
            run_for: LIMIT,
        }
    }
}
