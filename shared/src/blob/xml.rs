//! The few things about XML that the store's answers need. No parser: the one document that
//! comes in is read in [`super::block`].

/// Appends text with everything escaped that could end it, in elements and in attributes.
pub fn escape_into(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Readers turn a bare one into a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            // XML 1.0 has no way to say these.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

/// Appends `<name>text</name>`.
pub fn element_into(out: &mut String, name: &str, text: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    escape_into(out, text);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// The first line of every document.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn everything_that_could_end_a_text_is_escaped() {
        let mut out = String::new();
        element_into(&mut out, "Name", "a<b>&\"c'\r\u{1}ä");
        assert_eq!(
            out,
            "<Name>a&lt;b&gt;&amp;&quot;c&apos;&#13;\u{fffd}ä</Name>"
        );
    }

    proptest! {
        #[test]
        fn no_markup_survives_and_text_reads_back(text in any::<String>()) {
            let mut out = String::new();
            escape_into(&mut out, &text);
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            let back = out
                .replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")
                .replace("&apos;", "'").replace("&#13;", "\r").replace("&amp;", "&");
            let expected: String = text.chars().map(|character| match character {
                '\t' | '\n' | '\r' => character,
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
                _ => character,
            }).collect();
            prop_assert_eq!(back, expected);
        }
    }
}
