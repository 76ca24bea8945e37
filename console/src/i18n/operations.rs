//! Refused connections.

texts! {
    /// Texts of the screen of refused connections.
    Operations {
        title: "Refused connections", "거부된 연결";
        explained: "Who tried to connect and was refused, and why. Kept for a week. In a storm the hub writes a few records and counts the rest.", "연결을 시도했다가 거부된 기록과 그 이유입니다. 일주일간 보관합니다. 한꺼번에 몰리면 일부만 기록하고 나머지는 세기만 합니다.";
        table: "Records", "기록";
        filters: "Filters", "필터";
        filter_device: "Device id, in full", "디바이스 ID 전체";
        filter_period: "Time", "기간";
        period_all: "All that is kept", "보관 기간 전체";
        refresh: "Refresh", "새로 고침";
        column_when: "When", "시각";
        column_device: "Device", "디바이스";
        column_protocol: "Protocol", "프로토콜";
        column_reason: "Reason", "이유";
        column_code: "Code", "코드";
        column_suppressed: "Counted only", "기록 생략";
        empty_title: "No connection was refused", "거부된 연결이 없습니다";
        empty_text: "When a device gives a wrong key, an expired token or an unknown id, it appears here with the reason.", "디바이스가 잘못된 키, 만료된 토큰, 알 수 없는 ID를 쓰면 여기에 이유와 함께 표시됩니다.";
        no_match_title: "No record matches", "일치하는 기록이 없습니다";
        no_match_text: "The id must match in full, and records are kept for a week. Change the filter or clear it.", "ID가 정확히 일치해야 하며 기록은 일주일간 보관합니다. 필터를 바꾸거나 지우세요.";
        pages: "Pages", "페이지";
        of_device: "Refused connections", "거부된 연결";
    }
}
