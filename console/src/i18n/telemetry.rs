//! Telemetry tab.

texts! {
    /// Texts of the live tail and the chart.
    Telemetry {
        stream_open: "Listening", "수신 중";
        stream_connecting: "Connecting", "연결 중";
        stream_paused: "Paused", "일시 정지";
        stream_lagged: "The stream fell behind and was closed.", "처리 속도가 느려 스트림이 닫혔습니다.";
        stream_closed: "The hub closed the stream.", "허브가 스트림을 닫았습니다.";
        reopen: "Reconnect", "다시 연결";
        pause: "Pause", "일시 정지";
        resume: "Resume", "계속";
        resume_waiting: "Resume, {n} waiting", "계속 ({n}개 대기)";
        clear: "Clear", "지우기";
        from: "Start at", "시작 위치";
        from_latest: "Now", "지금";
        from_earliest: "Oldest kept", "보관된 처음";
        show: "Show", "표시";
        show_all: "All events", "모든 이벤트";
        show_telemetry: "Telemetry only", "원격 분석만";
        tail_title: "Live tail", "실시간 이벤트";
        rows_one: "{n} event", "이벤트 {n}개";
        rows_other: "{n} events", "이벤트 {n}개";
        capped: "The last {n} are kept here; {dropped} older ones left the list.", "최근 {n}개만 표시합니다. 이전 {dropped}개는 목록에서 제외되었습니다.";
        running: "While events come in the newest {n} are shown; pause to see all that are kept.", "이벤트가 들어오는 동안 최근 {n}개를 표시합니다. 보관된 전체를 보려면 일시 정지하세요.";
        filters: "Filters of the tail", "이벤트 필터";
        text: "Filter by text", "텍스트로 필터";
        waiting_title: "Waiting for the first event", "첫 이벤트를 기다리는 중";
        waiting_connected: "The device is connected; messages show here the moment they are stored.", "디바이스가 연결되어 있습니다. 메시지가 저장되는 즉시 표시됩니다.";
        waiting_disconnected: "The device is not connected. Start it, or look at the events kept so far.", "디바이스가 연결되어 있지 않습니다. 디바이스를 시작하거나 보관된 이벤트를 확인하세요.";
        show_kept: "Show kept events", "보관된 이벤트 보기";
        column_time: "Time", "시간";
        column_source: "Kind", "종류";
        column_body: "Body", "본문";
        column_size: "Size", "크기";
        empty_body: "empty", "비어 있음";
        binary_body: "binary, {size}", "바이너리, {size}";
        expand: "Show event {id}", "이벤트 {id} 보기";
        body: "Body", "본문";
        properties: "Properties", "속성";
        system_properties: "System properties", "시스템 속성";
        source_telemetry: "Telemetry", "원격 분석";
        source_twin: "Twin change", "트윈 변경";
        source_lifecycle: "Life cycle", "수명 주기";
        source_connection: "Connection", "연결";
        chart_title: "Chart", "차트";
        chart_pick: "Values to draw", "그릴 값";
        chart_none: "No numeric values yet. Numbers in JSON bodies can be drawn here.", "숫자 값이 아직 없습니다. JSON 본문의 숫자를 차트로 볼 수 있습니다.";
        chart_pick_some: "Pick a value to draw it.", "그릴 값을 선택하세요.";
        chart_label: "{paths} over time, {n} points", "시간에 따른 {paths}, 점 {n}개";
        chart_too_many: "At most four at a time", "한 번에 네 개까지";
        chart_waiting: "One more point is needed to draw a line.", "선을 그리려면 점이 하나 더 필요합니다.";
    }
}
