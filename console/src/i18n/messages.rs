//! Messages tab.

texts! {
    /// Texts of cloud-to-device messages.
    Messages {
        send_title: "Send a message", "메시지 보내기";
        body: "Body", "본문";
        body_hint: "Text or JSON, up to 64 KB with its properties.", "텍스트 또는 JSON, 속성을 포함해 최대 64 KB.";
        body_too_large: "Too large: 64 KB at most.", "너무 큽니다. 최대 64 KB입니다.";
        content_type: "Content type", "콘텐츠 형식";
        properties: "Properties", "속성";
        property_name: "Property name", "속성 이름";
        property_value: "Property value", "속성 값";
        add_property: "Add property", "속성 추가";
        remove_property: "Remove property {n}", "속성 {n} 제거";
        property_invalid: "Names are letters, digits and - _ . without spaces; values are plain ASCII.", "이름은 영문자, 숫자, - _ . 만, 값은 ASCII 문자만 사용할 수 있습니다.";
        message_id: "Message id", "메시지 ID";
        message_id_hint: "Needed if you ask for feedback.", "피드백을 요청하려면 필요합니다.";
        ack: "Feedback", "피드백";
        ack_none: "None", "없음";
        ack_positive: "When delivered", "전달되었을 때";
        ack_negative: "When it fails", "실패했을 때";
        ack_full: "Both", "모두";
        expiry: "Expires after", "만료";
        expiry_default: "Hub default", "허브 기본값";
        expiry_minutes: "{n} min", "{n}분";
        expiry_hours: "{n} h", "{n}시간";
        send: "Send", "보내기";
        sent: "Message queued for {id}", "{id}(으)로 보낼 메시지를 대기열에 넣었습니다";
        queue_title: "Queue", "대기열";
        queue_count_one: "{n} message", "메시지 {n}개";
        queue_count_other: "{n} messages", "메시지 {n}개";
        queue_empty_title: "Nothing is waiting", "대기 중인 메시지가 없습니다";
        queue_empty_text: "Messages wait here until the device takes them.", "디바이스가 가져갈 때까지 메시지가 여기에서 대기합니다.";
        column_sequence: "No.", "번호";
        column_id: "Message id", "메시지 ID";
        column_state: "State", "상태";
        column_enqueued: "Queued", "대기 시작";
        column_expires: "Expires in", "만료까지";
        column_deliveries: "Deliveries", "전달 횟수";
        column_size: "Size", "크기";
        column_ack: "Feedback", "피드백";
        state_enqueued: "Waiting", "대기 중";
        state_locked: "With the device", "디바이스가 처리 중";
        purge: "Purge queue", "대기열 비우기";
        purge_title: "Purge the queue of {id}?", "{id}의 대기열을 비울까요?";
        purge_text_one: "{n} message is removed without being delivered. This cannot be undone.", "메시지 {n}개가 전달되지 않고 삭제됩니다. 되돌릴 수 없습니다.";
        purge_text_other: "{n} messages are removed without being delivered. This cannot be undone.", "메시지 {n}개가 전달되지 않고 삭제됩니다. 되돌릴 수 없습니다.";
        purged_one: "{n} message purged", "메시지 {n}개를 삭제했습니다";
        purged_other: "{n} messages purged", "메시지 {n}개를 삭제했습니다";
        expired: "expired", "만료됨";
        dead_title: "Not delivered", "전달되지 않은 메시지";
        dead_explained: "Messages that expired, were rejected, given up or purged. The newest 50 are kept for seven days.", "만료, 거부, 전달 포기, 비우기로 전달되지 않은 메시지입니다. 최근 50개를 7일 동안 보관합니다.";
        dead_none: "Every message was delivered, or still waits.", "모든 메시지가 전달되었거나 아직 대기 중입니다.";
        dead_forget: "Forget", "삭제";
        dead_forget_all: "Forget all", "모두 삭제";
        dead_forget_title: "Forget what was not delivered?", "전달되지 않은 메시지를 삭제할까요?";
        dead_forget_one: "{n} message is deleted for good.", "메시지 {n}개가 완전히 삭제됩니다.";
        dead_forget_other: "{n} messages are deleted for good.", "메시지 {n}개가 완전히 삭제됩니다.";
        dead_forgotten: "Forgotten", "삭제했습니다";
        resend: "Send again", "다시 보내기";
        column_reason: "Reason", "사유";
        column_died: "When", "시각";
        column_actions: "Actions", "작업";
        reason_expired: "Expired", "만료됨";
        reason_given_up: "Given up", "전달 포기";
        reason_rejected: "Rejected", "거부됨";
        reason_purged: "Purged", "비움";
    }
}
