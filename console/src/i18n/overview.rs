//! Overview.

texts! {
    /// Texts of the overview.
    Overview {
        title: "Fleet overview", "플릿 개요";
        subtitle_one: "{n} device on {host}", "{host} · 디바이스 {n}대";
        subtitle_other: "{n} devices on {host}", "{host} · 디바이스 {n}대";
        connected: "Connected", "연결됨";
        connected_share: "{share} of all", "전체의 {share}";
        rate: "Messages per second", "초당 메시지";
        rate_note: "stored before ack", "확인 응답 전에 저장";
        devices: "Devices", "디바이스";
        devices_note: "{n} disabled", "사용 안 함 {n}";
        events: "Events stored", "저장된 이벤트";
        events_note: "since the hub began", "허브 생성 이후";
        spark_rate: "Messages per second, last {n} samples, now {now}", "초당 메시지 최근 {n}개 표본, 현재 {now}";
        spark_connected: "Connected devices, last {n} samples, now {now}", "연결된 디바이스 최근 {n}개 표본, 현재 {now}";
        spark_devices: "Devices, last {n} samples, now {now}", "디바이스 수 최근 {n}개 표본, 현재 {now}";
        spark_events: "Events stored, last {n} samples, now {now}", "저장된 이벤트 최근 {n}개 표본, 현재 {now}";
        state_title: "Fleet state", "플릿 상태";
        state_all: "All devices", "모든 디바이스";
        state_bar: "{connected} connected, {disconnected} disconnected, {never} never seen", "연결됨 {connected}, 연결 끊김 {disconnected}, 연결 기록 없음 {never}";
        absent_title: "Not connected", "연결되지 않은 디바이스";
        absent_all: "Show all", "모두 보기";
        absent_none: "Every device is connected.", "모든 디바이스가 연결되어 있습니다.";
        attention: "Needs a person", "처리 필요";
        attention_none: "Nothing needs a person now.", "지금 처리할 일이 없습니다.";
        under_way: "Jobs under way", "진행 중인 작업";
        under_way_none: "No job is running.", "실행 중인 작업이 없습니다.";
        firmware: "Firmware", "펌웨어";
        firmware_none: "No device reports firmware.version.", "firmware.version을 보고한 디바이스가 없습니다.";
        firmware_unknown: "Not reported", "보고 없음";
        further: "and {n} more", "외 {n}개";
        hub_title: "Hub", "허브";
        host_name: "Host name", "호스트 이름";
        version: "Version", "버전";
        layout: "Layout", "구성";
        layout_value: "{shards} shards · {gateways} gateways · {partitions} partitions", "샤드 {shards} · 게이트웨이 {gateways} · 파티션 {partitions}";
        start_title: "Connect your first device", "첫 디바이스 연결하기";
        start_more: "Connect a device", "디바이스 연결하기";
        start_text: "Any Azure IoT device SDK works unchanged. Create a device, copy its connection string, and run one of these.", "Azure IoT 디바이스 SDK를 수정 없이 사용할 수 있습니다. 디바이스를 만들고 연결 문자열을 복사한 뒤 아래 예제 중 하나를 실행하세요.";
        start_create: "Create a device", "디바이스 만들기";
        start_step_install: "Install", "설치";
        start_step_run: "Run", "실행";
        snippet_language: "Example for", "예제 언어";
        snippet_simulator: "Simulator", "시뮬레이터";
        start_note: "ca.pem is the hub’s certificate authority; the hub prints the path of its file at start. Azure SDKs always connect to port 443: serve the hub there, or let the device go through a proxy.", "ca.pem은 허브 인증 기관의 인증서이며 파일 경로는 허브가 시작될 때 출력됩니다. Azure SDK는 항상 443 포트로 연결하므로 허브를 443 포트로 제공하거나 프록시를 사용하세요.";
    }
}
