//! Archived devices.

texts! {
    /// Texts of the archive.
    Archive {
        title: "Archive", "보관함";
        explained: "Devices that were retired, each as one sealed document without keys. It can be restored, or erased for good.", "퇴역한 디바이스를 키 없이 봉인된 문서로 하나씩 보관합니다. 복원하거나 영구히 소거할 수 있습니다.";
        filters: "Filters", "필터";
        search: "Device id, in full", "디바이스 ID 전체";
        clear: "Clear filter", "필터 지우기";
        table: "Archived devices", "보관된 디바이스";
        column_device: "Device", "디바이스";
        column_retired: "Retired", "퇴역";
        column_reason: "Reason", "사유";
        column_replacement: "Replaced by", "대체 디바이스";
        column_actor: "By", "수행자";
        column_state: "Document", "문서";
        intact: "Intact", "온전함";
        changed: "Changed", "변조됨";
        erased: "Erased", "소거됨";
        empty_title: "The archive is empty", "보관함이 비어 있습니다";
        empty_text: "Retire a device from its page, and what was known of it is kept here.", "디바이스 페이지에서 퇴역하면 그 기록이 여기에 보관됩니다.";
        no_match_title: "No archived device of that id", "해당 ID로 보관된 디바이스가 없습니다";
        no_match_text: "The id must match in full. Change it or clear the filter.", "ID가 정확히 일치해야 합니다. 바꾸거나 필터를 지우세요.";
        pages: "Pages", "페이지";
        page_number: "Page {n}", "{n}페이지";
        not_found_title: "Nothing archived under this address", "이 주소에 보관된 디바이스가 없습니다";
        not_found_text: "The link may have a typo, or comes from another hub.", "링크에 오타가 있거나 다른 허브의 링크일 수 있습니다.";
        to_list: "To the archive", "보관함으로";
        facts_title: "Retirement", "퇴역 정보";
        archived_time: "Retired", "퇴역";
        reason: "Reason", "사유";
        actor: "By", "수행자";
        replacement: "Replaced by", "대체 디바이스";
        generation: "Generation", "세대";
        modules: "Modules", "모듈";
        purged: "Dropped messages", "삭제된 메시지";
        last_activity: "Last activity", "최근 활동";
        erased_time: "Erased", "소거";
        checksum: "Checksum (SHA-256)", "체크섬 (SHA-256)";
        copy_checksum: "Copy checksum", "체크섬 복사";
        document_title: "Document", "문서";
        document_label: "Archived document", "보관된 문서";
        intact_text: "Matches its checksum.", "체크섬과 일치합니다.";
        changed_text: "This document no longer matches its checksum: it was changed behind the hub's back. It cannot be restored.", "문서가 체크섬과 일치하지 않습니다. 허브를 거치지 않고 변경되었으며 복원할 수 없습니다.";
        erased_text: "The document was erased. What remains proves that the device existed.", "문서가 소거되었습니다. 남은 기록은 디바이스가 있었음을 증명합니다.";
        show_audit: "Audit of this device", "이 디바이스의 감사 기록";
        restore: "Restore", "복원";
        restore_title: "Restore {id}?", "{id}을(를) 복원할까요?";
        restore_text: "The device comes back with its tags, desired properties and modules. It is disabled and has new keys: give it the new connection string, then enable it. The archive keeps this document.", "태그, desired 속성, 모듈과 함께 디바이스가 돌아옵니다. 사용 안 함 상태이고 키가 새로 발급됩니다. 새 연결 문자열을 입력한 뒤 사용으로 바꾸세요. 이 문서는 보관함에 그대로 남습니다.";
        restored: "{id} is back, disabled", "{id}을(를) 사용 안 함 상태로 복원했습니다";
        no_restore_changed: "A document that was changed cannot be restored", "변조된 문서는 복원할 수 없습니다";
        no_restore_erased: "An erased document cannot be restored", "소거된 문서는 복원할 수 없습니다";
        erase: "Erase", "소거";
        erase_title: "Erase what is kept of {id}?", "{id}의 보관 기록을 소거할까요?";
        erase_text: "The document is removed for good and the device can never be restored. Its id, its generation and the checksum stay as proof that it existed.", "문서가 영구히 삭제되어 디바이스를 더는 복원할 수 없습니다. ID, 세대, 체크섬은 존재했다는 증거로 남습니다.";
        erased_done: "What was kept of {id} is erased", "{id}의 보관 기록을 소거했습니다";
        no_erase_erased: "It is erased already", "이미 소거되었습니다";
    }
}
