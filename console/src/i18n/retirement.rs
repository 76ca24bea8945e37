//! Retiring a device.

texts! {
    /// Texts of the retirement dialog and its outcome.
    Retirement {
        retire: "Retire", "퇴역";
        title: "Retire {id}?", "{id}을(를) 퇴역할까요?";
        text: "For a device that leaves service. Unlike deleting, retiring keeps a record of it in the archive, from which it can be restored.", "운영을 끝내는 디바이스에 사용합니다. 삭제와 달리 보관함에 기록이 남아 나중에 복원할 수 있습니다.";
        reason: "Why it is retired", "퇴역 사유";
        reason_end_of_life: "End of life", "수명 종료";
        reason_failure: "Failure", "고장";
        reason_upgrade: "Upgrade", "업그레이드";
        reason_lost: "Lost", "분실";
        reason_compromised: "Compromised", "보안 침해";
        successor: "What takes its place", "대체";
        successor_none: "Nothing", "없음";
        successor_none_hint: "The device goes for good.", "디바이스가 완전히 사라집니다.";
        successor_device: "Another device", "다른 디바이스";
        successor_device_hint: "Its tags and desired properties go over to that device.", "태그와 desired 속성을 그 디바이스로 옮깁니다.";
        replacement: "Id of the replacement", "대체 디바이스 ID";
        replacement_hint: "If it does not exist yet, it is created: disabled, with new keys.", "없으면 새 키로, 사용 안 함 상태로 만듭니다.";
        replacement_itself: "A device cannot take its own place.", "자기 자신으로 대체할 수 없습니다.";
        deletion: "When the identity is deleted", "ID 삭제 시점";
        deletion_now: "At once", "바로";
        deletion_now_hint: "The id is free again right away.", "ID를 곧바로 다시 쓸 수 있습니다.";
        deletion_later: "After some days", "며칠 후";
        deletion_later_hint: "Until then it stays in the list, disabled.", "그때까지 사용 안 함 상태로 목록에 남습니다.";
        days: "Days", "일수";
        days_hint: "A whole number from 1 to 3,660.", "1에서 3,660 사이의 정수.";
        what_happens: "What will happen", "진행 내용";
        step_credentials: "Its keys stop working at once, for good. A connected device is cut off within seconds.", "키가 즉시 영구히 무효가 됩니다. 연결된 디바이스는 몇 초 안에 연결이 끊깁니다.";
        step_archive: "Identity, twin and modules go into the archive, without keys and with a checksum.", "ID, 트윈, 모듈이 키를 제외하고 체크섬과 함께 보관됩니다.";
        step_messages_one: "{n} waiting message is dropped.", "대기 메시지 {n}건이 삭제됩니다.";
        step_messages_other: "{n} waiting messages are dropped.", "대기 메시지 {n}건이 삭제됩니다.";
        step_replacement: "Tags and desired properties go over to {id}.", "태그와 desired 속성이 {id}(으)로 옮겨집니다.";
        step_now: "The identity and its twin are deleted right away.", "ID와 트윈이 바로 삭제됩니다.";
        step_later_one: "The identity stays disabled and is deleted after {n} day.", "ID는 사용 안 함 상태로 남았다가 {n}일 후 삭제됩니다.";
        step_later_other: "The identity stays disabled and is deleted after {n} days.", "ID는 사용 안 함 상태로 남았다가 {n}일 후 삭제됩니다.";
        done: "{id} is retired", "{id}을(를) 퇴역했습니다";
        outcome_waiting: "Retired. The identity stays disabled until it is deleted.", "퇴역했습니다. 삭제될 때까지 ID는 사용 안 함 상태입니다.";
        outcome_copying: "Retired. Tags and desired properties are on their way to the replacement.", "퇴역했습니다. 태그와 desired 속성을 대체 디바이스로 옮기는 중입니다.";
        outcome_completed: "Retired. This is what is kept of it.", "퇴역했습니다. 남아 있는 기록은 다음과 같습니다.";
        outcome_deletion: "Deleted {time}", "{time} 삭제";
        open_device: "Open {id}", "{id} 열기";
        already: "It is retired already and waits for its deletion.", "이미 퇴역하여 삭제를 기다리고 있습니다.";
    }
}
