//! DER, element by element (X.690). What is not canonical is refused, never guessed at.

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    /// With tag and length.
    pub whole: &'a [u8],
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // Tags of several bytes occur nowhere in a certificate.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if !(1..=3).contains(&count) {
                return None;
            }
            let (digits, behind) = rest.split_at_checked(count)?;
            rest = behind;
            length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            // The shortest form only.
            if length < 0x80 || digits.first() == Some(&0) {
                return None;
            }
        }
        let (content, behind) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - behind.len())?;
        self.0 = behind;
        Some(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element, which must have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag; else nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) {
            self.any()
        } else {
            None
        }
    }

    /// The inside of the next element, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.take(tag).map(|element| Reader(element.content))
    }
}

/// The bytes of a bit string without unused bits, as keys and signatures are.
pub(super) fn whole_bytes<'a>(element: &Element<'a>) -> Option<&'a [u8]> {
    match element.content.split_first() {
        Some((0, bytes)) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_are_cut_where_their_length_says() {
        let mut reader = Reader(&[0x30, 3, 2, 1, 5, 4, 0]);
        let sequence = reader.take(SEQUENCE).unwrap();
        assert_eq!(sequence.whole, [0x30, 3, 2, 1, 5]);
        let mut inside = Reader(sequence.content);
        assert_eq!(inside.take(INTEGER).unwrap().content, [5]);
        assert_eq!(reader.optional(INTEGER), None);
        assert_eq!(reader.take(OCTET_STRING).unwrap().content, [0_u8; 0]);
        assert_eq!(reader.any(), None);
    }

    #[test]
    fn lengths_that_are_not_canonical_or_too_long_are_refused() {
        let long = [&[4, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(Reader(&long).any().unwrap().content.len(), 128);
        for bytes in [
            &[4, 0x81, 1, 7][..],
            &[4, 0x80, 7, 0, 0],
            &[4, 0x82, 0, 0x80],
            &[4, 0x84, 0, 0, 0, 1, 7],
            &[4, 2, 7],
            &[0x1f, 1, 7],
            &[4],
        ] {
            assert_eq!(Reader(bytes).any(), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn elements_are_consecutive_parts_of_the_input(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader(&bytes);
            let mut read = 0;
            while let Some(element) = reader.any() {
                prop_assert_eq!(element.whole, &bytes[read..read + element.whole.len()]);
                prop_assert!(element.whole.ends_with(element.content));
                read += element.whole.len();
            }
        }
    }
}
