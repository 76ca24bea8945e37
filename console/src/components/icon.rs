//! Line icons on a 16-unit grid, drawn with the text colour. Always decoration: the words beside
//! them, or the label of their button, carry the meaning.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Gauge.
    Overview,
    /// Chip.
    Device,
    /// Magnifying glass.
    Search,
    /// Two sheets.
    Copy,
    /// Tick.
    Check,
    /// Cross.
    Close,
    /// Plus.
    Plus,
    /// Triangle with an exclamation mark.
    Warning,
    /// Broken waves.
    Offline,
    /// Sliders.
    Settings,
    /// Person.
    Person,
    /// Left arrow.
    Left,
    /// Right arrow.
    Right,
    /// Two bars.
    Pause,
    /// Triangle to the right.
    Play,
    /// Waste bin.
    Delete,
    /// Empty tray.
    Tray,
    /// Pulse line.
    Pulse,
    /// Box with a lid.
    Archive,
    /// Written sheet.
    Record,
    /// Shield with a tick.
    Shield,
    /// Arrow into a tray.
    Download,
    /// Arrow that turns back.
    Restore,
    /// Round arrow.
    Refresh,
    /// Arrow out of a tray.
    Upload,
    /// Arrows both ways.
    Transfer,
    /// Columns of different height.
    Columns,
    /// Clock.
    Clock,
    /// Sheets above each other.
    Layers,
    /// Stop sign.
    Stop,
    /// Pencil.
    Edit,
    /// Bell.
    Bell,
    /// Angle brackets.
    Code,
    /// Pin above a place.
    Map,
    /// Minus.
    Minus,
    /// Corners of a frame.
    Frame,
    /// Loop of a rope.
    Lasso,
}

/// The drawing.
#[component]
pub fn IconView(
    /// What to draw.
    icon: Icon,
) -> impl IntoView {
    let path = match icon {
        Icon::Overview => {
            "M2.5 12.5a6 6 0 1 1 11 0M8 10.5l3-4M8 11.3a.8.8 0 1 0 0-1.6.8.8 0 0 0 0 1.6"
        }
        Icon::Device => {
            "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14"
        }
        Icon::Search => "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3 14 14",
        Icon::Copy => "M5.5 5.5h7.5v8H5.5zM3 10.5v-8h7.5",
        Icon::Check => "M3 8.5 6.5 12 13 4.5",
        Icon::Close => "M4 4l8 8M12 4l-8 8",
        Icon::Plus => "M8 3v10M3 8h10",
        Icon::Warning => "M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.6v.2",
        Icon::Offline => {
            "M2 6c3.5-3.2 8.500-3.200 12 0M4.500 8.800c2-1.800 5-1.800 7 0M8 12v.2M2.500 2.500l11 11"
        }
        Icon::Settings => {
            "M2.500 4.500h6M11.500 4.500h2M10 3v3M2.500 11.500h2M7.500 11.500h6M6 10v3"
        }
        Icon::Person => {
            "M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8ZM2.800 13.500c.7-2.400 2.700-3.500 5.200-3.500s4.500 1.100 5.200 3.500"
        }
        Icon::Left => "M10 3.500 5.500 8l4.500 4.500",
        Icon::Right => "M6 3.500 10.500 8 6 12.500",
        Icon::Pause => "M5.500 3.500v9M10.500 3.500v9",
        Icon::Play => "M5 3.500v9L12.500 8Z",
        Icon::Delete => {
            "M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.6 9h5.800l.6-9M6.800 7v4M9.200 7v4"
        }
        Icon::Tray => {
            "M2.500 9.500 4.500 3h7l2 6.500v4h-11ZM2.500 9.500H6l.8 1.800h2.400l.8-1.800h3.500"
        }
        Icon::Upload => "M8 10V2.500M4.800 5.700 8 2.500l3.200 3.200M2.500 10v3.500h11V10",
        Icon::Transfer => {
            "M5 2.500v9M2.500 9 5 11.500 7.500 9M11 13.500v-9M8.500 7 11 4.500 13.500 7"
        }
        Icon::Clock => "M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM8 4.500V8l2.500 1.500",
        Icon::Layers => "M8 2.200 14 5.200 8 8.200 2 5.200ZM2 8.200l6 3 6-3M2 11.200l6 3 6-3",
        Icon::Stop => "M4 4h8v8H4z",
        Icon::Edit => "M3 13l.7-2.900L10.800 3l2.200 2.200-7.100 7.100ZM9.300 4.500l2.200 2.200",
        Icon::Bell => "M4 11.500V7.300a4 4 0 0 1 8 0v4.200M2.800 11.500h10.400M6.700 13.800h2.600",
        Icon::Code => "M5.500 4 1.500 8l4 4M10.500 4l4 4-4 4M9 3 7 13",
        Icon::Map => {
            "M8 14c-2.800-3.300-4.500-5.600-4.500-7.700a4.500 4.500 0 0 1 9 0C12.500 8.400 10.800 10.700 8 14ZM8 8a1.600 1.600 0 1 0 0-3.200A1.600 1.600 0 0 0 8 8Z"
        }
        Icon::Minus => "M3 8h10",
        Icon::Frame => "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
        Icon::Lasso => {
            "M5.500 10.600C3.600 10 2.300 8.700 2.300 7c0-2.500 2.600-4.300 5.700-4.300s5.700 1.800 5.700 4.300-2.600 4.200-5.700 4.200M6.800 10.800a1.500 1.500 0 1 1-2.900.6 1.500 1.500 0 0 1 2.900-.6ZM5.800 12.700c0 .9-.5 1.300-1.300 1.500"
        }
        Icon::Columns => "M2.500 13.500h11M4.500 13.500V9M8 13.500V3.500M11.500 13.500V6.500",
        Icon::Pulse => "M1.500 8.500h3l2-5 3 9 2-4h3",
        Icon::Archive => "M2 3h12v3H2zM3 6v7.500h10V6M6.500 8.800h3",
        Icon::Record => "M3.500 2h6l3 3v9h-9ZM9.500 2v3h3M6 8h4M6 10.800h4",
        Icon::Shield => {
            "M8 1.800 13 3.600v4.200c0 3-2 5.200-5 6.400-3-1.200-5-3.400-5-6.400V3.600ZM5.600 8l1.700 1.700 3.100-3.400"
        }
        Icon::Download => "M8 2v7.500M4.800 6.500 8 9.700l3.200-3.200M2.500 11v2.500h11V11",
        Icon::Restore => "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M3 6.500 6 3.500M3 6.500l3 3",
        Icon::Refresh => "M13 8a5 5 0 1 1-1.600-3.700M13 2v3h-3",
    };
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=path></path>
        </svg>
    }
}

/// The mark of the product: rocks above water.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 20 20" width="22" height="22" aria-hidden="true" focusable="false">
            <path class="mark-rock" d="M2 14 7 6l3 4 2.500-3L18 14Z"></path>
            <path class="mark-water" d="M1 16.500c2 0 2-1 4.500-1s2.500 1 4.500 1 2.500-1 4.500-1 2.500 1 4.500 1"></path>
        </svg>
    }
}
