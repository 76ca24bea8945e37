//! Device list and creation.

texts! {
    /// Texts of the device list.
    Devices {
        title: "Devices", "디바이스";
        match_all_one: "{n} device", "디바이스 {n}대";
        match_all_other: "{n} devices", "디바이스 {n}대";
        match_some_one: "{n} device matches", "{n}대 일치";
        match_some_other: "{n} devices match", "{n}대 일치";
        add: "Add device", "디바이스 추가";
        filters: "Filters", "필터";
        search: "Filter by device id", "디바이스 ID로 필터";
        status: "Status", "상태";
        connection: "Connection", "연결";
        any: "Any", "전체";
        clear: "Clear filters", "필터 지우기";
        table: "Devices", "디바이스";
        column_device: "Device", "디바이스";
        column_connection: "Connection", "연결";
        column_status: "Status", "상태";
        column_activity: "Last activity", "최근 활동";
        column_tags: "Tags", "태그";
        column_pending: "Waiting messages", "대기 메시지";
        column_actions: "Actions", "작업";
        actions_for: "Actions for {id}", "{id} 작업";
        empty_title: "No device yet", "디바이스가 없습니다";
        empty_text: "Create the first identity, copy its connection string and point an Azure IoT device SDK at it.", "첫 디바이스 ID를 만들고 연결 문자열을 복사해 Azure IoT 디바이스 SDK에 입력하세요.";
        no_match_title: "No device matches", "일치하는 디바이스가 없습니다";
        no_match_text: "Change the filter or clear it.", "필터를 바꾸거나 지우세요.";
        next: "Next page", "다음 페이지";
        previous: "Previous page", "이전 페이지";
        keys_move: "move", "이동";
        keys_open: "open", "열기";
        keys_filter: "filter", "필터";
        keys_all: "all keys", "모든 단축키";
        enable: "Enable", "사용";
        disable: "Disable", "사용 안 함";
        delete: "Delete", "삭제";
        disable_title: "Disable {id}?", "{id}의 사용을 중지할까요?";
        disable_text: "Its open connections are closed within seconds and it cannot connect until it is enabled again.", "열려 있는 연결이 몇 초 안에 닫히며 다시 사용으로 바꿀 때까지 연결할 수 없습니다.";
        reason: "Reason", "사유";
        reason_hint: "Shown to everyone who looks at the device. At most 128 characters.", "이 디바이스를 보는 모든 사람에게 표시됩니다. 최대 128자.";
        enabled_done: "{id} is enabled", "{id}: 사용으로 변경했습니다";
        disabled_done: "{id} is disabled", "{id}: 사용 안 함으로 변경했습니다";
        delete_title: "Delete {id}?", "{id}을(를) 삭제할까요?";
        delete_text: "The identity, its keys, its twin and all waiting messages are removed for good. A connected device is cut off.", "디바이스 ID, 키, 트윈, 대기 중인 메시지가 영구히 삭제됩니다. 연결된 디바이스는 연결이 끊깁니다.";
        delete_confirm: "Type {id} to confirm", "확인하려면 {id}을(를) 입력하세요";
        deleted_done: "{id} is deleted", "{id}을(를) 삭제했습니다";
        conflict: "Somebody else changed this device meanwhile. The current state is shown; try again.", "다른 사용자가 먼저 이 디바이스를 변경했습니다. 현재 상태를 확인하고 다시 시도하세요.";
        create_title: "Add a device", "디바이스 추가";
        create_id: "Device id", "디바이스 ID";
        create_id_hint: "1–128 characters: letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '", "1–128자: 영문자, 숫자, - : . + % _ # * ? ! ( ) , = @ ; $ '";
        id_empty: "Give the device an id.", "디바이스 ID를 입력하세요.";
        id_too_long: "At most 128 characters.", "최대 128자까지 입력할 수 있습니다.";
        id_character: "The character “{character}” cannot be part of an id.", "“{character}”은(는) ID에 사용할 수 없습니다.";
        id_dots: "“.” and “..” cannot be ids.", "“.”과 “..”은 ID로 사용할 수 없습니다.";
        create_keys: "Keys", "키";
        keys_generate: "Let the hub generate them", "허브가 생성";
        keys_generate_hint: "Two random 32-byte keys. The usual choice.", "무작위 32바이트 키 두 개. 일반적인 선택입니다.";
        keys_own: "Enter my own", "직접 입력";
        keys_own_hint: "For devices whose keys are already burnt in.", "키가 이미 내장된 디바이스용입니다.";
        primary_key: "Primary key", "기본 키";
        secondary_key: "Secondary key", "보조 키";
        key_invalid: "Base64 of 16 to 64 bytes.", "16–64바이트를 base64로 인코딩한 값이어야 합니다.";
        create_enabled: "May connect at once", "바로 연결 허용";
        create_submit: "Create", "만들기";
        created_title: "{id} is ready", "{id}이(가) 준비되었습니다";
        created_text: "Give this connection string to the device. It can be copied from the device page again later.", "이 연결 문자열을 디바이스에 입력하세요. 나중에 디바이스 페이지에서 다시 복사할 수 있습니다.";
        connection_string: "Connection string", "연결 문자열";
        open_device: "Open device", "디바이스 열기";
        add_another: "Add another", "하나 더 추가";
    }
}
