//! The rows of the device list. A row keeps its place and its focus while its figures change.

use super::actions::{DeleteDevice, DisableDevice, Target, enable};
use crate::api::devices::{DevicePage, DeviceRow};
use crate::components::badge::{ConnectionBadge, StatusBadge};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr, wording};
use crate::live::Live;
use crate::logic::number::grouped;
use crate::logic::time;
use crate::reactive::{For, Memo, RwSignal, memo};
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use serde_json::Value;

/// Tags shown per row.
const TAGS: usize = 3;

/// The table with the dialogs of its rows.
#[component]
pub fn DeviceTable(
    /// The page shown.
    data: Memo<DevicePage>,
    /// Where the page comes from, to refresh it after a change.
    page: Live<DevicePage>,
) -> impl IntoView {
    let disabling = RwSignal::new(None::<Target>);
    let deleting = RwSignal::new(None::<Target>);
    let changed = Callback::new(move |()| page.refresh());
    let ids = memo(move || {
        data.with(|p| {
            p.items
                .iter()
                .map(|row| row.device_id.clone())
                .collect::<Vec<_>>()
        })
    });
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(devices.table)>
            <table aria-rowcount=move || data.with(|p| (p.total + 1).to_string())>
                <thead>
                    <tr>
                        <th scope="col">{tr!(devices.column_device)}</th>
                        <th scope="col">{tr!(devices.column_connection)}</th>
                        <th scope="col">{tr!(devices.column_status)}</th>
                        <th scope="col">{tr!(devices.column_activity)}</th>
                        <th scope="col" class="grow">{tr!(devices.column_tags)}</th>
                        <th scope="col" class="num">{tr!(devices.column_pending)}</th>
                        <th scope="col" class="num"><span class="visually-hidden">{tr!(devices.column_actions)}</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || ids.get() key=|id| id.clone() let(id)>
                        <Row id data disabling deleting changed/>
                    </For>
                </tbody>
            </table>
        </div>
        <DisableDevice target=disabling on_done=changed/>
        <DeleteDevice target=deleting on_done=changed/>
    }
}

#[component]
fn Row(
    id: String,
    data: Memo<DevicePage>,
    disabling: RwSignal<Option<Target>>,
    deleting: RwSignal<Option<Target>>,
    changed: Callback<()>,
) -> impl IntoView {
    let wanted = id.clone();
    // Keeps the last row while the list lets go of it.
    let row = Memo::new(move |before: Option<&Option<DeviceRow>>| {
        data.with(|p| p.items.iter().find(|row| row.device_id == wanted).cloned())
            .or_else(|| before.cloned().flatten())
    });
    let field = move |read: fn(&DeviceRow) -> String| {
        Signal::derive(move || row.with(|r| r.as_ref().map(read).unwrap_or_default()))
    };
    let moment = move |read: fn(&DeviceRow) -> Option<String>| {
        Signal::derive(move || row.with(|r| r.as_ref().and_then(read)))
    };
    let enabled =
        Signal::derive(move || row.with(|r| r.as_ref().is_none_or(|r| r.status != "disabled")));
    let seen = Signal::derive(move || {
        row.with(|r| {
            r.as_ref().is_some_and(|r| {
                [&r.connection_state_updated_time, &r.last_activity_time]
                    .into_iter()
                    .any(|at| at.as_deref().and_then(time::parse).is_some())
            })
        })
    });
    let tags = move || row.with(|r| r.as_ref().map(|r| leaves(&r.tags)).unwrap_or_default());
    let (name, target) = (id.clone(), id.clone());
    let described = Signal::derive({
        let id = id.clone();
        move || fill(t().devices.actions_for, &[("id", &id)])
    });
    view! {
        <tr>
            <th scope="row" class="id"><a data-row="" class="mono" href=routes::device(&id, Tab::Identity)>{name}</a></th>
            <td><ConnectionBadge state=field(|r| r.connection_state.clone()) seen/></td>
            <td><StatusBadge enabled/></td>
            <td class="dim"><Ago at=moment(|r| r.last_activity_time.clone())/></td>
            <td class="grow tags">
                {move || tags().into_iter().map(|(path, value)| view! {
                    <span class="tag"><span class="dim">{path}</span> " " {value}</span>
                }).collect_view()}
            </td>
            <td class="num">{field(|r| match r.cloud_to_device_message_count {
                0 => "–".to_owned(),
                n => grouped(n),
            })}</td>
            <td class="num row-actions">
                <RowActions target enabled described disabling deleting changed/>
            </td>
        </tr>
    }
}

#[component]
fn RowActions(
    target: String,
    enabled: Signal<bool>,
    described: Signal<String>,
    disabling: RwSignal<Option<Target>>,
    deleting: RwSignal<Option<Target>>,
    changed: Callback<()>,
) -> impl IntoView {
    let target = StoredValue::new(target);
    let label = Signal::derive(move || {
        (if enabled.get() {
            t().devices.disable
        } else {
            t().devices.enable
        })
        .to_owned()
    });
    let spoken = move |word: Signal<String>| {
        Signal::derive(move || format!("{}: {}", described.get(), word.get()))
    };
    let delete = wording(|t| t.devices.delete);
    view! {
        <Button
            label
            described=spoken(label)
            weight=Weight::Quiet
            permission=Permission::DevicesWrite
            on_press=move |()| {
                let id = target.get_value();
                if enabled.get_untracked() {
                    disabling.set(Some(Target { id }));
                } else {
                    enable(id, changed);
                }
            }
        />
        <Button
            label=delete
            described=spoken(delete)
            icon=Icon::Delete
            icon_only=true
            weight=Weight::Quiet
            permission=Permission::DevicesDelete
            on_press=move |()| deleting.set(Some(Target { id: target.get_value() }))
        />
    }
}

/// The first few leaves of the tags with their paths.
fn leaves(tags: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, path: &str, out: &mut Vec<(String, String)>) {
        if out.len() >= TAGS {
            return;
        }
        match value {
            Value::Object(map) => {
                for (key, child) in map.iter().filter(|(key, _)| !key.starts_with('$')) {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    walk(child, &path, out);
                }
            }
            Value::Null => {}
            Value::String(text) => out.push((path.to_owned(), text.clone())),
            other => out.push((path.to_owned(), other.to_string())),
        }
    }
    let mut out = Vec::new();
    walk(tags, "", &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::leaves;
    use serde_json::json;

    #[test]
    fn tags_show_as_paths_and_are_bounded() {
        let tags = json!({"site": "oslo", "pos": {"floor": 2, "room": "b"}, "x": 1, "$version": 3});
        let shown = leaves(&tags);
        assert_eq!(shown[0], ("site".to_owned(), "oslo".to_owned()));
        assert_eq!(shown[1], ("pos.floor".to_owned(), "2".to_owned()));
        assert_eq!(shown.len(), 3);
        assert!(leaves(&json!(null)).is_empty());
    }
}
