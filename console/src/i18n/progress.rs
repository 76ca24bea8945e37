//! How far devices are with an operation.

texts! {
    /// Texts of the progress screen.
    Progress {
        title: "Progress", "진행 상황";
        explained: "How far devices are with an operation: restarts, firmware, resets and those of your own. Changes by itself.", "재시작, 펌웨어, 초기화 및 직접 만든 작업이 어디까지 진행됐는지 보여 줍니다. 저절로 갱신됩니다.";
        filters: "What is shown", "표시 대상";
        pattern: "Operation", "작업";
        condition: "Condition, e.g. tags.type = 'chiller'", "조건. 예: tags.type = 'chiller'";
        group_by: "Grouped by, e.g. tags.site", "묶는 기준. 예: tags.site";
        all: "All devices", "모든 디바이스";
        devices_one: "{n} device", "디바이스 {n}대";
        devices_other: "{n} devices", "디바이스 {n}대";
        phase_succeeded: "Succeeded", "완료";
        phase_rebooting: "Restarting", "재시작 중";
        phase_applying: "Applying", "적용 중";
        phase_downloading: "Downloading", "다운로드 중";
        phase_waiting: "Waiting", "대기";
        phase_stalled: "Stalled", "멈춤";
        phase_failed: "Failed", "실패";
        phase_unknown: "Unknown word", "알 수 없는 상태";
        phase_not_started: "Not started", "시작 안 함";
        bar: "{done} of {total} devices have succeeded, {failed} failed, {stalled} stalled", "디바이스 {total}대 중 완료 {done}대, 실패 {failed}대, 멈춤 {stalled}대";
        stalled_title: "Stalled for too long", "너무 오래 멈춤";
        oldest: "Longest in progress", "가장 오래 진행 중";
        groups: "By group", "그룹별";
        column_group: "Group", "그룹";
        column_devices: "Devices", "디바이스";
        column_progress: "Progress", "진행";
        column_done: "Succeeded", "완료";
        column_trouble: "Failed or stalled", "실패 또는 멈춤";
        no_value: "no value", "값 없음";
        none_title: "No device is in it", "해당하는 디바이스가 없습니다";
        none_text: "No device fulfils the condition. Change it, or clear it to see all devices.", "조건에 맞는 디바이스가 없습니다. 조건을 바꾸거나 지우세요.";
    }
}
