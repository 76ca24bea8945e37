//! The macro behind the tables: one line per text, both languages on it.

macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $($key:ident: $english:literal, $korean:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $key: &'static str,)+ }

        impl $name {
            /// The English texts.
            pub const ENGLISH: Self = Self { $($key: $english,)+ };
            /// The Korean texts.
            pub const KOREAN: Self = Self { $($key: $korean,)+ };
            /// Key, English, Korean of every text.
            #[cfg(test)]
            pub const ENTRIES: &[(&'static str, &'static str, &'static str)] =
                &[$((stringify!($key), $english, $korean),)+];
        }
    };
}
