//! Configuration in ExaBGP 5.0's language, as checked data: what a session, a RIB and the API need to know.

mod api;
mod base64;
mod families;
mod finish;
mod neighbor;
mod options;
mod parse;
mod partial;
mod process;
mod route_section;
mod secrets;
mod setting;
mod settings;
mod settings_table;
mod tcp_ao;
mod text;

pub use holdtime_host::{AoAlgorithm, AoKey, ConfigText, PeerRange};
pub use neighbor::{AddPath, Capabilities, Md5, Messages, Neighbor, SendHoldSetting, Subscription};
pub use parse::ConfigReading;
pub use process::Process;
pub use secrets::Secrets;
pub use settings::{
    ApiSettings, BgpSettings, DaemonSettings, DebugSettings, Encoder, LogSettings, Settings, TcpSettings,
};
pub use settings_table::{EnvFileLine, SETTINGS, SettingForm, SettingRow, SettingsError, env_file_lines};

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::grammar::Diagnostic;

/// What is wrong with a configuration, and where; its `Display` is for the user.
pub type ConfigError = Box<Diagnostic>;

/// A whole configuration file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The API programs, in the order of the file.
    pub processes: Vec<Process>,
    /// The neighbors, in the order of the file.
    pub neighbors: Vec<Neighbor>,
    /// What was accepted for ExaBGP's sake and is likely a mistake.
    pub warnings: Vec<Diagnostic>,
}
