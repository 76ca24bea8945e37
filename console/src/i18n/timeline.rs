//! The timeline of a device.

texts! {
    /// Texts of the timeline tab.
    Timeline {
        title: "Timeline", "타임라인";
        explained: "Connections, changes, commands, jobs and alerts of this device in one list, with the way to each cause.", "이 디바이스의 연결, 변경, 명령, 작업, 알림을 한 목록으로 보여 주고 각각의 원인으로 이어 줍니다.";
        show: "Show", "표시";
        all_kinds: "Everything", "전체";
        kind_connection: "Connection", "연결";
        kind_twin: "Twin", "트윈";
        kind_command: "Methods and messages", "메서드와 메시지";
        kind_job: "Job", "작업";
        kind_alert: "Alert", "알림";
        kind_identity: "Identity and other changes", "ID와 기타 변경";
        runs: "Live", "실시간";
        stands: "Held", "멈춤";
        pause: "Pause", "일시 정지";
        resume: "Resume", "계속";
        older: "Show older", "이전 항목 더 보기";
        elsewhere: "What is older stands in", "더 오래된 항목:";
        missing: "Without “{list}”: {why}", "‘{list}’ 항목 제외: {why}";
        empty_title: "Nothing has happened yet", "아직 일어난 일이 없습니다";
        empty_text: "What this device does, and what is done to it, appears here.", "디바이스가 하는 일과 디바이스에 일어나는 일이 여기에 표시됩니다.";
        no_match: "Nothing of this kind", "이 종류의 항목이 없습니다";
        no_match_text: "Show everything, or look further back.", "전체를 표시하거나 더 이전 항목을 확인하세요.";
        connected: "Connected", "연결됨";
        ended_after: "Disconnected after {lasted}", "{lasted} 동안 연결된 뒤 끊김";
        refused: "Connection refused", "연결 거부됨";
        went_wrong: "Something went wrong", "문제 발생";
        and_more: "and {n} more", "외 {n}건";
        reported: "Reported", "디바이스가 보고함";
        reports_one: "{n} report", "보고 {n}건";
        reports_other: "{n} reports one after the other", "연속 보고 {n}건";
        twin_changed: "Twin changed", "트윈 변경됨";
        twin_by_job: "Twin changed by a job", "작업이 트윈을 변경함";
        configured: "Set by a configuration", "구성이 설정함";
        job: "Job {id}: {state}", "작업 {id}: {state}";
        to_change: "What changed", "변경 내용";
        to_configuration: "The configuration", "구성 보기";
        to_record: "The record", "기록 보기";
        to_refusals: "All refusals", "모든 거부";
        to_job: "The job", "작업 보기";
        to_alerts: "The alert", "알림 보기";
    }
}
