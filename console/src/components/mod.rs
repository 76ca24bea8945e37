//! Parts that screens are made of. They know nothing of the hub's calls, only what they show.

pub mod badge;
pub mod button;
pub mod chart;
pub mod copy;
pub mod dialog;
pub mod diff_view;
pub mod field;
pub mod icon;
pub mod json_editor;
pub mod json_view;
pub mod keyboard;
pub mod meter;
pub mod on_screen;
pub mod page_title;
pub mod pager;
pub mod pairs;
pub mod palette;
pub mod question;
pub mod screens;
pub mod search_field;
pub mod shell;
pub mod shortcuts;
pub mod state_view;
pub mod time_text;
pub mod toast;
pub mod typing;
