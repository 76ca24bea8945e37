//! What developers need: addresses, programs, what is compatible, the API.

texts! {
    /// Texts of the screen for developers.
    Developers {
        title: "Developers", "개발자";
        explained: "How devices, back ends and scripts reach this hub, and what they find there.", "디바이스, 백엔드, 스크립트가 이 허브에 연결하는 방법과 사용할 수 있는 기능입니다.";
        tabs: "Parts of the screen", "화면 구성";
        tab_connect: "Connect", "연결";
        tab_compatibility: "Compatibility", "호환성";
        tab_reference: "API reference", "API 레퍼런스";

        endpoints: "Addresses", "주소";
        endpoints_note: "Seen from this page. Azure SDKs take the host name alone and connect to port 443.", "이 페이지 기준의 주소입니다. Azure SDK는 호스트 이름만 받아 443 포트로 연결합니다.";
        host_name: "Host name", "호스트 이름";
        other_names: "Also answers to", "다른 이름";
        endpoint_devices: "Devices: MQTT 3.1.1 over WebSocket, sub-protocol mqtt", "디바이스: WebSocket을 통한 MQTT 3.1.1, 하위 프로토콜 mqtt";
        endpoint_rest: "REST for back ends, HTTPS for devices", "백엔드용 REST, 디바이스용 HTTPS";
        endpoint_event_stream: "Events as server-sent events", "서버 전송 이벤트(SSE) 스트림";
        endpoint_event_socket: "Events over a WebSocket", "WebSocket 이벤트";
        endpoint_blobs: "Blob store, with signed URLs", "Blob 저장소(서명된 URL 사용)";
        endpoint_metrics: "Metrics for Prometheus", "Prometheus 메트릭";
        endpoint_document: "OpenAPI document", "OpenAPI 문서";
        copy_named: "Copy: {name}", "복사: {name}";

        credentials: "Connection strings", "연결 문자열";
        credentials_of_devices: "Each device has its own, on its page.", "디바이스마다 고유하며 각 디바이스 페이지에 있습니다.";
        credentials_of_back_ends: "Back ends use a shared access policy; administrators copy its connection string.", "백엔드는 공유 액세스 정책을 사용하며 연결 문자열은 관리자가 복사합니다.";
        credentials_of_scripts: "Scripts and tools sign in with an API token of a role.", "스크립트와 도구는 역할이 지정된 API 토큰으로 로그인합니다.";
        to_devices: "Devices", "디바이스로 이동";
        to_policies: "Shared access policies", "공유 액세스 정책으로 이동";
        to_tokens: "API tokens", "API 토큰으로 이동";
        authority: "Trust", "신뢰";
        authority_text: "A hub on your own machine has a certificate of its own authority. Clients must trust that: its file is certificates/ca.pem in the hub’s data folder, normally .skerry. A hub on Cloudflare needs nothing.", "직접 실행하는 허브는 자체 인증 기관의 인증서를 사용하므로 클라이언트가 이를 신뢰해야 합니다. 파일은 허브 데이터 폴더(기본값 .skerry)의 certificates/ca.pem입니다. Cloudflare에서 실행하는 허브에는 필요하지 않습니다.";

        programs: "Programs to begin with", "시작 예제";
        side: "Speaks as", "역할";
        side_device: "Device", "디바이스";
        side_service: "Back end", "백엔드";
        no_key: "Put the key in where the dots are; it is never shown here.", "점이 있는 자리에 키를 넣으세요. 키는 여기에 표시되지 않습니다.";
        not_tested: "The hub’s tests do not run this one.", "이 예제는 허브 테스트에서 실행하지 않습니다.";

        table: "What works, and what is different", "작동하는 기능과 차이점";
        column_area: "Area", "영역";
        column_state: "State", "상태";
        column_note: "Note", "참고";
        works: "Works", "작동";
        different: "Different", "다름";
        untested: "Not tested", "테스트 안 함";
        absent: "Not there", "없음";
        versions: "Tested, unmodified: Python azure-iot-device 2.14.0, azure-iot-hub 2.7.0, azure-storage-blob 12.31.1, paho-mqtt 1.6.1; Node.js azure-iot-device 1.18.4 with azure-iot-device-mqtt 1.16.4, azure-iothub 1.16.6, @azure/storage-blob 12.8.0, mqtt 5.16.0.", "수정 없이 테스트한 버전: Python azure-iot-device 2.14.0, azure-iot-hub 2.7.0, azure-storage-blob 12.31.1, paho-mqtt 1.6.1, Node.js azure-iot-device 1.18.4(azure-iot-device-mqtt 1.16.4 포함), azure-iothub 1.16.6, @azure/storage-blob 12.8.0, mqtt 5.16.0.";

        download: "OpenAPI document", "OpenAPI 문서";
        search: "Find an operation", "API 찾기";
        groups: "Groups of operations", "API 그룹";
        all_groups: "All", "전체";
        shown_one: "{n} operation", "API {n}개";
        shown_other: "{n} operations", "API {n}개";
        in_english: "Descriptions come from the document, in English.", "설명은 문서에서 가져오며 영어로 제공됩니다.";
        no_match_title: "No operation matches", "일치하는 API가 없습니다";
        no_match_text: "All words have to stand in method, path or summary. Try fewer of them.", "모든 단어가 메서드, 경로, 요약 중 한 곳에 있어야 합니다. 단어를 줄여 보세요.";
        clear: "Show all", "모두 표시";

        role_device: "Device", "디바이스";
        role_anyone: "Anyone", "누구나";
        role_signed_in: "Signed in", "로그인한 사용자";
        role_bootstrap: "Launcher", "실행기";
        role_signed_url: "Signed URL", "서명된 URL";
        right: "Policy with {right}", "{right} 권한 정책";
        right_all: "Policy with all rights", "모든 권한이 있는 정책";
        copy_link: "Copy link", "링크 복사";
        curl: "The same by curl", "curl 명령";
        curl_note: "Set the variables first; they hold what only you know.", "먼저 변수를 설정하세요. 직접 알고 있는 값을 넣습니다.";
        parameters: "Parameters", "매개 변수";
        column_name: "Name", "이름";
        column_place: "In", "위치";
        column_kind: "Type", "형식";
        column_meaning: "Meaning", "의미";
        place_path: "path", "경로";
        place_query: "query", "쿼리";
        place_header: "header", "헤더";
        required: "required", "필수";
        read_only: "made by the hub", "허브가 생성";
        body: "Body", "본문";
        answers: "Answers", "응답";
    }
}
