//! The query workbench.

texts! {
    /// Texts of the query screen.
    Query {
        title: "Query", "쿼리";
        explained: "Ask the whole fleet. A query sees every change that was acknowledged.", "전체 디바이스를 조회합니다. 확인된 모든 변경이 바로 반영됩니다.";
        editor: "Query text", "쿼리 내용";
        editor_hint: "Ctrl+Enter runs it.", "Ctrl+Enter로 실행합니다.";
        run: "Run", "실행";
        examples: "Examples", "예제";
        pick_example: "Choose one …", "선택…";
        example_all: "All devices", "모든 디바이스";
        example_silent: "Enabled and not connected", "사용 중이지만 연결 안 됨";
        example_sites: "Devices by site", "사이트별 디바이스 수";
        example_firmware: "Spread of firmware", "펌웨어 분포";
        example_modules: "Modules", "모듈";
        example_jobs: "What jobs did", "작업 결과";
        recent: "Recent", "최근 쿼리";
        columns: "Columns", "열";
        columns_hint: "Paths with commas, e.g. deviceId, tags.site. Empty: what there is.", "쉼표로 구분한 경로. 예: deviceId, tags.site. 비워 두면 있는 그대로 표시합니다.";
        results: "Results", "결과";
        shown_one: "{n} result", "결과 {n}건";
        shown_other: "{n} results", "결과 {n}건";
        shown_more: "{n} results, and there are more", "결과 {n}건, 더 있음";
        cost: "{matched} match in all, {scanned} documents had to be looked at", "전체 {matched}개 일치, 문서 {scanned}개 확인";
        cost_indexed: "{matched} match in all, {scanned} documents had to be looked at; index {indexes}", "전체 {matched}개 일치, 문서 {scanned}개 확인, 인덱스 {indexes}";
        load_more: "Show more", "더 보기";
        load_more_busy: "Loading …", "불러오는 중…";
        all_shown: "That is all.", "모두 표시했습니다.";
        export_named: "Save the results shown as {format}", "표시된 결과를 {format}으로 저장";
        use_for_job: "Use as job target", "작업 대상으로 사용";
        call: "The same call", "같은 호출";
        call_language: "Language", "언어";
        begin_title: "Nothing was asked yet", "아직 쿼리를 실행하지 않았습니다";
        begin_text: "Write a query or choose an example, then run it. Its address can be sent to a colleague.", "쿼리를 작성하거나 예제를 고른 뒤 실행하세요. 주소를 동료에게 보낼 수 있습니다.";
        none_title: "Nothing matches", "일치하는 결과가 없습니다";
        none_text: "The query is right, and no document fulfils it at this moment.", "쿼리는 올바르지만 현재 조건에 맞는 문서가 없습니다.";
    }
}
