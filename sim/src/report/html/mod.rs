//! A run as one page that opens anywhere: no server, no network, nothing from elsewhere.
//!
//! The log stands in the page as [`trace_json`] writes it, packed, so that no text of a peer's can be taken for
//! markup; what draws it is the scripts beside this file, which the page holds as they are. The file is drawn on a canvas, and is a table too.

use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::report::trace_json;
use crate::timeline::Timeline;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 5] = [
    include_str!("log.js"),
    include_str!("scale.js"),
    include_str!("draw.js"),
    include_str!("links.js"),
    include_str!("page.js"),
];

/// The page of a run; `beside` is another one, to be compared with it.
///
/// # Errors
/// What cannot be written as JSON, which nothing is.
pub fn page(timeline: &Timeline, beside: Option<&Timeline>) -> std::io::Result<String> {
    let parts = [
        ("%TITLE%", escaped(&format!("{} {}", timeline.head.name, timeline.head.reactor))),
        ("%STYLE%", STYLE.to_owned()),
        ("%LOG%", packed(timeline)?),
        ("%BESIDE%", beside.map(packed).transpose()?.unwrap_or_default()),
        ("%SCRIPT%", SCRIPTS.concat()),
    ];
    let mut page = String::new();
    let mut rest = PAGE;
    // What is put in is never looked at for places to fill.
    for (place, text) in parts {
        let Some((before, after)) = rest.split_once(place) else { continue };
        page.push_str(before);
        page.push_str(&text);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

fn packed(timeline: &Timeline) -> std::io::Result<String> {
    let lines = trace_json::lines(timeline)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(lines.as_bytes())?;
    Ok(BASE64.encode(&encoder.finish()?))
}

/// A text as the content of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Happening, TimelineEvent, TimelineHead};
    use holdtime_core::Instant;

    #[test]
    fn no_text_of_a_run_is_taken_for_markup_or_for_a_place_to_fill() {
        let evil = "</title></script><script>alert(1)</script>%SCRIPT%";
        let head = TimelineHead { name: evil.to_owned(), title: evil.to_owned(), ..TimelineHead::default() };
        let what = Happening::Log { text: evil.to_owned() };
        let events = vec![TimelineEvent { at: Instant::ZERO, lane: 0, with: None, what }];
        let page = page(&Timeline { head, events, ..Timeline::default() }, None).unwrap();
        assert_eq!(page.matches("alert(1)").count(), 1);
        assert!(page.contains("<title>&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)"));
        assert_eq!(page.matches("</script>").count(), 3);
        assert_eq!(page.matches("class Drawing ").count(), 1);
    }

    #[test]
    fn a_page_takes_nothing_from_elsewhere() {
        let page = page(&Timeline::default(), None).unwrap();
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="));
        assert!(page.contains("default-src 'none'"));
    }
}
