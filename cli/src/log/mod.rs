//! The log: `tracing`, as text or as one JSON object a line. Every verb logs to the standard error; `serve` also where
//! ExaBGP's settings say, and `healthcheck` to syslog.

mod file;
mod syslog;

use std::fmt;
use std::io;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use holdtime_core::config::LogSettings;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::{DefaultFields, Format, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime as UtcTime};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, Layer as TextLayer, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::colours::is_coloured;
use crate::error::CliError;
use file::LogFile;
use syslog::Syslog;

/// What is logged, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct LogArgs {
    /// What to log: a level (error, warn, info, debug, trace) or a filter such as network=debug; warn, and info for serve, unless settings say more
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How to log
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

/// A layer of the one subscriber there is.
type Sink = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging on the standard error; called once.
pub(crate) fn start(args: &LogArgs) -> Result<(), CliError> {
    start_at(args, "warn")
}

/// The same with what is logged where the options do not say.
fn start_at(args: &LogArgs, usual: &str) -> Result<(), CliError> {
    let given = args.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .parse(given)
        .map_err(|_| CliError::input(format!("\"{given}\" is neither a log level nor a filter")))?;
    let sink = match args.log_format {
        LogFormat::Text => sink(io::stderr).with_ansi(is_coloured(&io::stderr())).boxed(),
        LogFormat::Json => sink(io::stderr).json().boxed(),
    };
    tracing_subscriber::registry().with(sink.with_filter(filter)).init();
    Ok(())
}

/// Starts the log of `serve`: as the options say or else, where `settings` were made, as those do.
pub(crate) fn start_daemon(args: &LogArgs, settings: Option<&LogSettings>) -> Result<(), CliError> {
    let Some(settings) = settings.filter(|_| args.log.is_none()) else { return start_at(args, "info") };
    let (destination, doubt) = Destination::parse(&settings.destination);
    let level = level(&settings.level)?;
    let (enable, all, subjects) = (settings.enable, settings.all, settings.subjects.clone());
    let wanted = move |metadata: &Metadata<'_>| {
        let subject = metadata.target();
        let ours = subject.starts_with("holdtime");
        enable && (all || ours || subjects.iter().any(|wanted| wanted == subject))
    };
    let writer = destination.writer()?;
    let short = settings.short && !matches!(destination, Destination::File(_));
    let sink = match args.log_format {
        LogFormat::Json => sink(writer).json().boxed(),
        LogFormat::Text => sink(writer).event_format(Head(if short { by_subject } else { by_time })).boxed(),
    };
    tracing_subscriber::registry().with(sink.with_filter(level.and(filter_fn(wanted)))).init();
    if doubt {
        tracing::warn!("log.destination \"{}\" is none; logging to stdout", settings.destination);
    }
    Ok(())
}

/// A mistake, or how far something is, as a line of a log that is JSON: whoever reads it as such is not to stumble over it.
pub(crate) fn json_line(level: &str, sentence: &str) -> String {
    let mut time = String::new();
    // A line without its time is better than none.
    let _ = UtcTime.format_time(&mut Writer::new(&mut time));
    serde_json::json!({
        "timestamp": time,
        "level": level,
        "fields": { "message": sentence },
        "target": "holdtime",
    })
    .to_string()
}

impl LogArgs {
    /// Whether the log is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.log_format == LogFormat::Json
    }

    /// Whether the log goes to a place that going into the background takes away.
    pub(crate) fn needs_foreground(&self, settings: &LogSettings) -> bool {
        let (destination, _) = Destination::parse(&settings.destination);
        let standard = matches!(destination, Destination::Stdout | Destination::Stderr);
        self.log.is_some() || settings.enable && standard
    }
}

/// How `healthcheck` logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HealthcheckLog<'a> {
    /// Every detail.
    pub(crate) debug: bool,
    /// To the standard error.
    pub(crate) console: bool,
    /// To syslog, with this facility.
    pub(crate) facility: Option<&'a str>,
    /// Which of several healthchecks this is.
    pub(crate) name: Option<&'a str>,
}

/// Starts the log of `healthcheck`.
pub(crate) fn start_healthcheck(options: &HealthcheckLog<'_>) -> Result<(), CliError> {
    let mut sinks: Vec<Sink> = Vec::new();
    if let Some(facility) = options.facility {
        let name =
            options.name.map_or_else(|| "healthcheck".to_owned(), |name| format!("healthcheck-{name}"));
        let syslog = Syslog::local(facility, &name)
            .ok_or_else(|| CliError::input(format!("there is no syslog facility \"{facility}\"")))?
            .map_err(|error| CliError::io("cannot log to syslog", &error))?;
        sinks.push(sink(syslog).event_format(Head(nothing)).boxed());
    }
    if options.console {
        sinks.push(sink(io::stderr).event_format(Head(as_healthcheck)).boxed());
    }
    let level = if options.debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    tracing_subscriber::registry().with(sinks.with_filter(level)).init();
    Ok(())
}

/// A layer that writes plain text. Where it cannot write, nobody is left to tell.
fn sink<W>(writer: W) -> TextLayer<Registry, DefaultFields, Format, W>
where
    W: for<'a> MakeWriter<'a> + 'static,
{
    tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).log_internal_errors(false)
}

/// ExaBGP's levels, as far as there are as many here.
fn level(name: &str) -> Result<LevelFilter, CliError> {
    Ok(match name {
        "FATAL" | "CRITICAL" | "ERROR" => LevelFilter::ERROR,
        "WARNING" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        "NOTSET" => LevelFilter::TRACE,
        _ => {
            return Err(CliError::unknown(
                "log.level",
                name,
                &["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"],
            ));
        }
    })
}

/// Where ExaBGP's setting `log.destination` sends the log.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    Stdout,
    Stderr,
    Syslog,
    Host(String),
    File(String),
}

impl Destination {
    /// Reads the setting; the second: it was none, and this is what is done instead.
    fn parse(text: &str) -> (Self, bool) {
        let destination = match text {
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            "syslog" => Self::Syslog,
            _ => match (text.strip_prefix("host:"), text.strip_prefix("file:")) {
                (Some(host), _) => Self::Host(host.to_owned()),
                (_, Some(path)) => Self::File(path.to_owned()),
                _ if text.starts_with('/') => Self::File(text.to_owned()),
                _ if text.starts_with("~/") => {
                    Self::File(std::env::var("HOME").unwrap_or_default() + text.trim_start_matches('~'))
                }
                _ => return (Self::Stdout, true),
            },
        };
        (destination, false)
    }

    fn writer(&self) -> Result<BoxMakeWriter, CliError> {
        let cannot = |error: io::Error| CliError::io(format_args!("cannot log to {self}"), &error);
        Ok(match self {
            Self::Stdout => BoxMakeWriter::new(io::stdout),
            Self::Stderr => BoxMakeWriter::new(io::stderr),
            Self::Syslog => match Syslog::local("daemon", "holdtime") {
                Some(syslog) => BoxMakeWriter::new(syslog.map_err(cannot)?),
                None => BoxMakeWriter::new(io::sink),
            },
            Self::Host(host) => BoxMakeWriter::new(Syslog::remote(host, "holdtime").map_err(cannot)?),
            Self::File(path) => BoxMakeWriter::new(Mutex::new(LogFile::open(path).map_err(cannot)?)),
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::Syslog => f.write_str("syslog"),
            Self::Host(host) => write!(f, "the syslog daemon of {host}"),
            Self::File(path) => write!(f, "\"{path}\""),
        }
    }
}

/// A line is what this function writes, and the message.
struct Head(fn(&mut Writer<'_>, &Metadata<'_>) -> fmt::Result);

impl<S, N> FormatEvent<S, N> for Head
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        (self.0)(&mut to, event.metadata())?;
        ctx.format_fields(to.by_ref(), event)?;
        writeln!(to)
    }
}

fn nothing(_: &mut Writer<'_>, _: &Metadata<'_>) -> fmt::Result {
    Ok(())
}

/// ExaBGP's short form.
fn by_subject(to: &mut Writer<'_>, metadata: &Metadata<'_>) -> fmt::Result {
    write!(to, "{:<15} ", metadata.target())
}

/// ExaBGP's long form; the time of day is UTC.
fn by_time(to: &mut Writer<'_>, metadata: &Metadata<'_>) -> fmt::Result {
    write!(to, "{} {:<6} ", time_of_day(SystemTime::now()), std::process::id())?;
    by_subject(to, metadata)
}

/// A time of day in UTC: `05:24:59`.
pub(crate) fn time_of_day(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

fn as_healthcheck(to: &mut Writer<'_>, metadata: &Metadata<'_>) -> fmt::Result {
    let level = if *metadata.level() == Level::WARN { "WARNING" } else { metadata.level().as_str() };
    write!(to, "{level}[healthcheck] ")
}

#[cfg(test)]
mod tests {
    use super::Destination;

    #[test]
    fn a_destination_is_a_standard_stream_syslog_a_host_or_a_file() {
        for (text, expected) in [
            ("stdout", Destination::Stdout),
            ("syslog", Destination::Syslog),
            ("host:logs.example", Destination::Host("logs.example".to_owned())),
            ("/var/log/x", Destination::File("/var/log/x".to_owned())),
            ("file:x.log", Destination::File("x.log".to_owned())),
        ] {
            assert_eq!(Destination::parse(text), (expected, false), "{text}");
        }
        assert_eq!(Destination::parse("nowhere"), (Destination::Stdout, true));
    }
}
