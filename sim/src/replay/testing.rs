//! A recording as tests make one: of a speaker that runs one program.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail them")]

use holdtime_core::config::ConfigText;
use holdtime_core::speaker::record::{self, Head};
use holdtime_core::speaker::{Action, Input, StreamId};
use holdtime_core::{Duration, Instant, Now, Speaker, Timestamp};

/// A speaker that runs one program, and its recording.
pub(super) struct Recorded {
    speaker: Speaker,
    pub(super) text: String,
    pub(super) program: Option<StreamId>,
}

impl Recorded {
    pub(super) fn begin() -> Self {
        let text = "process feed { run ./feed; encoder text; }\nneighbor 10.0.0.2 { router-id 10.0.0.1; \
                    local-address 10.0.0.1; local-as 1; peer-as 2; passive true; api { processes [ feed ]; } }"
            .to_owned();
        let head = Head {
            config: ConfigText { name: "feed.conf".to_owned(), text },
            files: vec!["feed.conf".to_owned()],
            ..Head::default()
        };
        let speaker = Speaker::new(Now::default(), head.setup().unwrap());
        let mut recorded = Self { speaker, text: head.to_string(), program: None };
        recorded.feed(0, Input::Timeout);
        recorded
    }

    pub(super) fn feed(&mut self, millis: u64, input: Input<'_>) {
        let monotonic = Instant::ZERO + Duration::from_millis(millis);
        let now = Now { monotonic, wall: Timestamp::default() };
        self.text.push_str(&record::line(now, &input));
        self.speaker.handle_input(now, input);
        while let Some(action) = self.speaker.poll_action() {
            if let Action::StartProgram { stream, .. } = action {
                self.program = Some(stream);
            }
        }
    }

    pub(super) fn program_writes(&mut self, millis: u64, text: &str) {
        let stream = self.program.unwrap();
        self.feed(millis, Input::Received { stream, data: text.as_bytes() });
    }

    pub(super) fn speaker_answers(&mut self, millis: u64) {
        let stream = self.program.unwrap();
        let count = self.speaker.poll_transmit(stream).unwrap().len();
        self.feed(millis, Input::Sent { stream, count });
    }
}
