//! Lines of text as they come through a pipe, in pieces.

/// Takes the whole lines out of what came so far, each without its end; what is left is the beginning of the next one.
pub(crate) fn take_lines(octets: &mut Vec<u8>, mut take: impl FnMut(&str)) {
    let mut rest = octets.as_slice();
    while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
        let (line, behind) = rest.split_at(end + 1);
        match std::str::from_utf8(line) {
            Ok(line) => take(line.trim_end()),
            Err(_) => take(String::from_utf8_lossy(line).trim_end()),
        }
        rest = behind;
    }
    octets.drain(..octets.len() - rest.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_taken_and_the_beginning_of_the_next_one_is_kept() {
        let (mut octets, mut lines) = (b"one\r\n\ntwo\nthr".to_vec(), Vec::new());
        take_lines(&mut octets, |line| lines.push(line.to_owned()));
        assert_eq!(
            (lines.as_slice(), octets.as_slice()),
            (&["one", "", "two"].map(str::to_owned)[..], &b"thr"[..])
        );
        octets.extend(b"ee\n");
        take_lines(&mut octets, |line| lines.push(line.to_owned()));
        assert_eq!((lines.last().map(String::as_str), octets.len()), (Some("three"), 0));
    }
}
