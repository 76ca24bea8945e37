//! What is compatible with Azure IoT Hub, area by area. Only what the tests or the README bear out.

texts! {
    /// Texts of the compatibility table.
    Compatibility {
        device_sdks: "Device SDKs for Python and Node.js", "Python 및 Node.js 디바이스 SDK";
        device_sdks_note: "As published, over MQTT on WebSocket, port 443.", "배포판 그대로 WebSocket 기반 MQTT, 443 포트로 사용합니다.";
        other_sdks: "Device SDKs for C, C# and Java", "C, C#, Java 디바이스 SDK";
        other_sdks_note: "Over WebSocket as well. Their habits are taken care of as far as their sources show.", "역시 WebSocket을 사용합니다. 소스에서 확인한 동작에 맞추었습니다.";
        mqtt: "Plain MQTT 3.1.1 clients", "일반 MQTT 3.1.1 클라이언트";
        mqtt_note: "Over WebSocket, with or without TLS, any port. QoS 2 closes the connection, as on Azure.", "WebSocket에서 TLS 여부나 포트와 관계없이 사용합니다. QoS 2는 Azure처럼 연결을 닫습니다.";
        raw: "MQTT on port 8883, MQTT 5, AMQP", "8883 포트의 MQTT, MQTT 5, AMQP";
        raw_note: "Choose MQTT over WebSocket in the SDK.", "SDK에서 WebSocket 기반 MQTT를 선택하세요.";
        https: "Devices over HTTPS", "HTTPS 디바이스";
        https_note: "Telemetry, single and in batches; receiving and settling messages; file upload.", "단일 및 일괄 원격 분석, 메시지 수신 및 처리, 파일 업로드를 지원합니다.";
        credentials: "SAS tokens, X.509 certificates", "SAS 토큰, X.509 인증서";
        credentials_note: "By thumbprint or by a CA.", "지문 또는 CA로 인증합니다.";
        provisioning: "TPM, device provisioning, revocation lists", "TPM, 디바이스 프로비저닝, 인증서 해지 목록";
        provisioning_note: "Create devices by REST, by import or in the console.", "REST, 가져오기 또는 콘솔에서 디바이스를 만드세요.";
        features: "Telemetry, twins, methods, messages to devices", "원격 분석, 트윈, 메서드, 디바이스로 보내는 메시지";
        features_note: "With stored sessions, wills, redelivery and take-over.", "저장된 세션, 유언 메시지, 재전송, 연결 인계를 포함합니다.";
        modules: "Modules", "모듈";
        modules_note: "Identities, twins, methods and telemetry. Inputs, outputs and routing of IoT Edge are not there.", "ID, 트윈, 메서드, 원격 분석을 지원합니다. IoT Edge의 입력, 출력, 라우팅은 없습니다.";
        service_sdks: "Service SDKs for Python and Node.js", "Python 및 Node.js 서비스 SDK";
        service_sdks_note: "Registry, twins, methods, queries, jobs, configurations.", "레지스트리, 트윈, 메서드, 쿼리, 작업, 구성을 지원합니다.";
        sending: "Messages to devices, feedback, file notifications by SDK", "SDK를 통한 디바이스 메시지, 피드백, 파일 알림";
        sending_note: "The SDKs use AMQP for these; here they go by REST.", "SDK는 AMQP를 사용하지만 여기서는 REST를 사용합니다.";
        queries: "Query language", "쿼리 언어";
        queries_note: "Whole, with ORDER BY besides. A query sees every acknowledged write at once.", "전체를 지원하며 ORDER BY도 추가로 지원합니다. 확인된 쓰기가 바로 반영됩니다.";
        jobs: "Scheduled jobs, configurations, import and export", "예약 작업, 구성, 가져오기 및 내보내기";
        jobs_note: "By Azure’s paths; jobs have waves besides. Identity-based storage is not there.", "Azure 경로를 사용하며 작업은 단계별 배포도 지원합니다. ID 기반 저장소는 없습니다.";
        twins: "Digital twins", "디지털 트윈";
        twins_note: "Components are those that the twin marks; models are not known to the hub.", "트윈에 표시된 컴포넌트를 사용하며 허브는 모델을 알지 못합니다.";
        events: "Reading events", "이벤트 읽기";
        events_note: "By HTTP, server-sent events or WebSocket in place of the Event Hubs protocol.", "Event Hubs 프로토콜 대신 HTTP, SSE, WebSocket으로 읽습니다.";
        routing: "Message routing", "메시지 라우팅";
        routing_note: "The whole condition language, to webhooks, storage containers and Cloudflare Queues. Event Hubs, Service Bus and Cosmos DB are not there.", "조건 언어 전체를 지원하며 웹훅, 저장소 컨테이너, Cloudflare Queues로 보냅니다. Event Hubs, Service Bus, Cosmos DB는 없습니다.";
        blobs: "Blob storage clients", "Blob 저장소 클라이언트";
        blobs_note: "With signed URLs. No account keys, leases, snapshots, append or page blobs.", "서명된 URL을 사용합니다. 계정 키, 임대, 스냅샷, 추가 Blob 및 페이지 Blob은 없습니다.";
        throttles: "Throttling", "제한";
        throttles_note: "Rates of one S3 unit, answered with 429 and Retry-After. Short bursts are let through.", "S3 단위 1개의 속도이며 429와 Retry-After로 응답합니다. 짧은 급증은 허용합니다.";
        sign_on: "Single sign-on", "통합 인증";
        sign_on_note: "People sign in with a link or an account of the hub.", "링크 또는 허브 계정으로 로그인합니다.";
    }
}
