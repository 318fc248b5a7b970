//! ExaBGP's side of the command: the speaker, its client, its settings, and the API program that ships with it.

pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod healthcheck;
pub(crate) mod mirror;
pub(crate) mod pipes;
pub(crate) mod recorder;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod validate;
