//! Whether a stream takes colours, and what they are.

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use holdtime_sim::report::Paint;

/// How reports are emphasised on the standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colours {
    pub(crate) wanted: bool,
}

impl Colours {
    fn styled(self, style: Style, text: &str) -> String {
        if self.wanted { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

impl Paint for Colours {
    fn bold(&self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn good(&self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    fn bad(&self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }
}

/// Whether this stream takes colours: a terminal does, unless `NO_COLOR`, `CLICOLOR` or `TERM` say otherwise.
pub(crate) fn is_coloured(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}
