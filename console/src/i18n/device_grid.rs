//! Columns, saved views and files of the device list.

texts! {
    /// Texts of what can be made of the device list.
    DeviceGrid {
        tools: "List", "목록";
        columns: "Columns", "열";
        columns_title: "Columns of the list", "목록의 열";
        columns_own: "Of every device", "모든 디바이스 공통";
        columns_paths: "From the twin", "트윈에서";
        columns_none: "No path yet. Type one below.", "아직 경로가 없습니다. 아래에 입력하세요.";
        path: "Path", "경로";
        path_hint: "For example tags.site or properties.reported.firmware.version; what the first devices have is suggested.", "예: tags.site 또는 properties.reported.firmware.version. 첫 디바이스들의 경로가 제안됩니다.";
        path_wrong: "A path begins with tags., properties.reported. or properties.desired.; the rest are names with dots between them.", "경로는 tags., properties.reported. 또는 properties.desired.로 시작하며 나머지는 점으로 구분한 이름입니다.";
        path_add: "Add column", "열 추가";
        path_remove: "Remove {path}", "{path} 제거";
        columns_usual: "Usual columns", "기본 열";
        done: "Done", "완료";
        views: "Views", "보기";
        views_title: "Saved views", "저장된 보기";
        views_text: "A view keeps filters and columns. It stays in this browser; its link can be sent to others.", "보기는 필터와 열을 기억합니다. 이 브라우저에 저장되며 링크를 다른 사람에게 보낼 수 있습니다.";
        views_none: "No view is saved yet.", "저장된 보기가 없습니다.";
        view_name: "Name of this view", "이 보기의 이름";
        view_save: "Save view", "보기 저장";
        view_saved: "{name} is saved", "{name}을(를) 저장했습니다";
        view_remove: "Remove {name}", "{name} 제거";
        view_link: "Copy link to {name}", "{name} 링크 복사";
        this_link: "Copy link to this list", "이 목록 링크 복사";
        export: "Export", "내보내기";
        export_title: "Export the list", "목록 내보내기";
        export_text_one: "The file holds {n} device: a table has the columns shown, documents have everything the list knows.", "파일에 디바이스 {n}대가 담깁니다. 표에는 표시된 열이, 문서에는 목록의 모든 값이 들어갑니다.";
        export_text_other: "The file holds {n} devices: a table has the columns shown, documents have everything the list knows.", "파일에 디바이스 {n}대가 담깁니다. 표에는 표시된 열이, 문서에는 목록의 모든 값이 들어갑니다.";
        format: "Format", "형식";
        format_table: "CSV, for spreadsheets", "CSV(스프레드시트용)";
        format_lines: "NDJSON, one document a line", "NDJSON(한 줄에 문서 하나)";
        export_start: "Save file", "파일 저장";
        export_progress: "{n} of {total} read", "{total}대 중 {n}대 읽음";
        export_stop: "Stop", "중지";
        as_text: "The filter as a condition of the query language", "쿼리 언어 조건으로 표현한 필터";
        apply: "Apply", "적용";
        as_query: "Open as query", "쿼리로 열기";
        order_cut: "The first {n} in this order. In the order of ids every device can be reached.", "이 순서의 처음 {n}대입니다. ID 순서에서는 모든 디바이스를 볼 수 있습니다.";
        keys_pick: "pick", "선택";
        picked_bar: "Picked devices", "선택한 디바이스";
        picked_one: "{n} device picked", "디바이스 {n}대 선택됨";
        picked_other: "{n} devices picked", "디바이스 {n}대 선택됨";
        pick_page: "Pick these rows", "보이는 행 선택";
        pick_all: "Pick all {n} that match", "일치하는 {n}대 모두 선택";
        pick_none: "Pick none", "선택 해제";
        picked_too_many: "Name {n} devices at most, or write a condition.", "최대 {n}대까지 지정하거나 조건을 사용하세요.";
        copy_ids: "Copy ids", "ID 복사";
        only_these: "Show only these", "선택한 것만 표시";
        schedule: "Schedule a job", "작업 예약";
        export_done_one: "{n} device saved", "디바이스 {n}대를 저장했습니다";
        export_done_other: "{n} devices saved", "디바이스 {n}대를 저장했습니다";
    }
}
