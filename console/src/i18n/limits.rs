//! Throttles.

texts! {
    /// Texts of the limits screen.
    Limits {
        title: "Limits", "한도";
        explained: "How often operations of each class may run. Over its limit a class answers 429 with the time to wait; the other classes are not touched.", "작업 종류별로 허용되는 빈도입니다. 한도를 넘으면 해당 종류만 대기 시간과 함께 429로 응답하고 다른 종류에는 영향이 없습니다.";
        usage: "Use", "사용량";
        usage_refresh: "Measure again", "다시 측정";
        usage_messages: "Messages today", "오늘 메시지";
        usage_of_quota: "{n} of {quota} ({share})", "{quota} 중 {n} ({share})";
        usage_sockets: "Device connections", "디바이스 연결";
        usage_sockets_now: "{n} now, {most} at most", "현재 {n}, 최대 {most}";
        usage_storage: "Storage", "저장 공간";
        usage_rows: "Rows written", "기록한 행";
        usage_rows_since: "since the hub's objects woke up", "허브 객체가 깨어난 뒤";
        usage_objects: "Storage by object", "객체별 저장 공간";
        usage_callers: "Refused with 429, by caller", "호출자별 429 거부";
        usage_nobody: "Nobody was refused for too many requests.", "요청이 많아 거부된 호출자가 없습니다.";
        table: "Limits by class", "종류별 한도";
        units_one: "{n} unit", "{n}단위";
        units_other: "{n} units", "{n}단위";
        refresh: "Refresh", "새로 고침";
        change_units: "Change units", "단위 변경";
        defaults: "Back to defaults", "기본값으로 되돌리기";
        no_defaults: "These are the defaults", "이미 기본값입니다";
        column_class: "Class", "종류";
        column_minute: "A minute", "분당";
        column_burst: "At once", "한꺼번에";
        column_left: "Left now", "현재 남은 양";
        column_refused: "Refused", "거부";
        column_change: "Change", "변경";
        is_set: "Set by hand", "직접 설정";
        left_of: "{class}: {n} of {total} left", "{class}: {total} 중 {n} 남음";
        of_gateways: "counted by the gateways", "게이트웨이별로 집계";
        of_shards: "jobs wait, nothing is refused", "거부하지 않고 작업이 대기";
        change_class: "Change the limit of {class}", "{class} 한도 변경";
        follow_class: "Let {class} follow the units again", "{class} 한도를 단위에 맞추기";
        follow: "Follow the units", "단위에 맞추기";
        class_identity_registry: "Identities", "디바이스 ID";
        class_new_connections: "New connections", "새 연결";
        class_d2c_sends: "Messages from devices", "디바이스가 보낸 메시지";
        class_c2d_sends: "Messages to devices", "디바이스로 보낸 메시지";
        class_c2d_receives: "Messages received over HTTPS", "HTTPS로 받은 메시지";
        class_file_uploads: "Signed URLs of files", "파일 서명 URL";
        class_queries: "Queries", "쿼리";
        class_direct_methods: "Direct methods, each 4 KB", "직접 메서드(4KB당)";
        class_twin_reads: "Twin reads", "트윈 읽기";
        class_twin_updates: "Twin updates", "트윈 변경";
        class_jobs: "Jobs", "작업";
        class_job_devices: "Devices touched by jobs", "작업이 처리하는 디바이스";
        class_configurations: "Configurations", "구성";
        units_title: "Change the units?", "단위를 변경할까요?";
        units_text: "Every class is multiplied by the units, except those that were set by hand. It applies at once.", "직접 설정한 종류를 제외하고 모든 종류의 한도에 단위가 곱해집니다. 바로 적용됩니다.";
        units_label: "Units, 1 to 10,000", "단위, 1~10,000";
        units_wrong: "A whole number from 1 to 10,000", "1에서 10,000 사이의 정수여야 합니다";
        set_text: "The class no longer follows the units. It applies at once: what exceeds the limit is refused, also from devices.", "이 종류는 더 이상 단위를 따르지 않습니다. 바로 적용되며 한도를 넘는 작업은 디바이스의 것이라도 거부됩니다.";
        set_minute: "Operations a minute", "분당 작업 수";
        set_burst: "Operations at once", "한꺼번에 허용할 작업 수";
        set_wrong: "A whole number from 1 to 1,000,000,000", "1에서 1,000,000,000 사이의 정수여야 합니다";
        set_title: "Change the limit of “{class}”?", "“{class}” 한도를 변경할까요?";
        follow_title: "Let “{class}” follow the units?", "“{class}” 한도를 단위에 맞출까요?";
        follow_text: "The limit that was set is given up. The class has the rate of {n} units again.", "직접 설정한 한도를 버리고 다시 {n}단위의 한도를 따릅니다.";
        defaults_title: "Back to the defaults?", "기본값으로 되돌릴까요?";
        defaults_text: "One unit, and no class set by hand. Who needs more than that is refused from now on.", "1단위로 돌아가고 직접 설정한 한도는 모두 사라집니다. 그보다 많이 요청하면 바로 거부됩니다.";
        apply: "Apply", "적용";
        done: "The limits are changed", "한도를 변경했습니다";
    }
}
