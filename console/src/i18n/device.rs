//! Device header and identity tab.

texts! {
    /// Texts of the device page.
    Device {
        tabs: "Device sections", "디바이스 섹션";
        tab_identity: "Identity", "ID 및 연결";
        tab_twin: "Twin", "트윈";
        tab_telemetry: "Telemetry", "원격 분석";
        tab_methods: "Methods", "메서드";
        tab_messages: "Messages", "메시지";
        tab_history: "History", "이력";
        tab_configuration: "Configuration", "구성";
        tab_modules: "Modules", "모듈";
        not_found_title: "There is no device “{id}”", "“{id}” 디바이스가 없습니다";
        not_found_text: "It may have been deleted, or the link has a typo.", "삭제되었거나 링크에 오타가 있을 수 있습니다.";
        to_list: "To the device list", "디바이스 목록으로";
        history: "What was done to it", "변경 기록";
        copy_id: "Copy device id", "디바이스 ID 복사";
        copy_connection_string: "Copy connection string", "연결 문자열 복사";
        no_key_to_copy: "This device has no key that you may read", "읽을 수 있는 키가 없는 디바이스입니다";
        connection_title: "Connection", "연결";
        state: "State", "상태";
        state_since: "Since", "시작 시각";
        client: "Client", "클라이언트";
        protocol: "Protocol", "프로토콜";
        gateway: "Gateway", "게이트웨이";
        keep_alive: "Keep-alive", "연결 유지 간격";
        token_until: "Token valid until", "토큰 만료";
        session_kind: "Session", "세션";
        session_clean: "Clean", "새 세션";
        session_stored: "Stored", "저장된 세션";
        subscriptions: "Subscriptions", "구독";
        last_disconnect: "Last disconnect", "마지막 연결 해제";
        not_connected_yet: "This device has never connected. Copy its connection string and start it.", "아직 연결된 적이 없습니다. 연결 문자열을 복사해 디바이스를 시작하세요.";
        identity_title: "Identity", "디바이스 정보";
        device_id: "Device id", "디바이스 ID";
        status: "Status", "상태";
        status_reason: "Reason", "사유";
        status_since: "Status since", "상태 변경";
        generation: "Generation", "세대";
        last_activity: "Last activity", "최근 활동";
        waiting_messages: "Waiting messages", "대기 메시지";
        etag: "ETag", "ETag";
        keys_title: "Keys", "키";
        authentication: "Authentication", "인증";
        authentication_sas: "Symmetric keys", "대칭 키";
        authentication_self_signed: "Self-signed certificate", "자체 서명 인증서";
        authentication_ca: "Certificate authority", "인증 기관";
        keys_hidden: "Only administrators may read keys.", "키는 관리자만 볼 수 있습니다.";
        reveal: "Reveal", "표시";
        hide: "Hide", "숨기기";
        reveal_key: "Reveal {key}", "{key} 표시";
        hide_key: "Hide {key}", "{key} 숨기기";
        copy_key: "Copy {key}", "{key} 복사";
        primary_connection: "Primary connection string", "기본 연결 문자열";
        secondary_connection: "Secondary connection string", "보조 연결 문자열";
        thumbprints: "Thumbprints", "지문";
        disabled_notice: "This device is disabled and cannot connect.", "사용 안 함 상태라서 연결할 수 없습니다.";
        disabled_reason: "Reason: {reason}", "사유: {reason}";
    }
}
