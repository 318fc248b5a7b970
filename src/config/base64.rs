//! Base64 (RFC 4648 §4), for keys.

use alloc::vec::Vec;

use data_encoding::BASE64;

/// The octets that `text` stands for; `None` where a character or the padding is wrong. As in ExaBGP, the bits that the last
/// character has too many may be set.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    // The library takes several texts behind one another, each with its padding.
    if text.trim_end_matches('=').contains('=') {
        return None;
    }
    let mut specification = BASE64.specification();
    specification.check_trailing_bits = false;
    specification.encoding().ok()?.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_test_vectors_of_rfc_4648_decode() {
        for (text, plain) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")]
        {
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()), "{text}");
        }
    }

    #[test]
    fn wrong_characters_and_wrong_padding_are_refused() {
        for text in ["Zg=", "Zg", "Zg==Zg==", "Z===", "Zm9*", "Z m9"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn bits_behind_the_last_octet_may_be_set() {
        assert_eq!(decode("Zh==").as_deref(), Some(b"f".as_slice()));
    }
}
