//! The live tail of all sources.

texts! {
    /// Texts of the screen of all events.
    Events {
        title: "Events", "이벤트";
        explained: "Everything the hub stores, the moment it is stored: messages of devices and what the hub itself tells. The address keeps the filter.", "허브가 저장하는 모든 것을 저장되는 즉시 표시합니다. 디바이스의 메시지와 허브가 알리는 변경 사항입니다. 필터는 주소에 남습니다.";
        filters: "Filters of the events", "이벤트 필터";
        source: "Source", "출처";
        source_all: "All sources", "모든 출처";
        device: "Device id, in full", "디바이스 ID 전체";
        rate: "{n} a second", "초당 {n}개";
        export: "Save as NDJSON", "NDJSON으로 저장";
        waiting: "Nothing has come in yet. Events show here the moment the hub stores them.", "아직 들어온 이벤트가 없습니다. 허브가 저장하는 즉시 여기에 표시됩니다.";
        no_match: "None of the events that are kept here holds this text.", "보관된 이벤트 중 이 텍스트가 있는 것이 없습니다.";
        column_device: "Device", "디바이스";
    }
}
