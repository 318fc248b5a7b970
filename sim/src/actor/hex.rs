//! Messages in hexadecimal.

use data_encoding::HEXUPPER;

/// A message in hexadecimal as `.msg` files write it: marker, length, type and body apart.
pub struct Hex<'a>(pub &'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(octets) = self;
        let part =
            |from: usize, to: usize| octets.get(from..to.min(octets.len())).filter(|part| !part.is_empty());
        let parts = [part(0, 16), part(16, 18), part(18, 19), part(19, octets.len())];
        let parts: Vec<String> = parts.into_iter().flatten().map(|part| HEXUPPER.encode(part)).collect();
        f.write_str(&parts.join(":"))
    }
}
