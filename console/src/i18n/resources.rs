//! Screens of documents.

texts! {
    /// Texts that all kinds of documents share.
    Resources {
        kinds: "Kinds", "종류";
        none: "Nothing here yet", "아직 없습니다";
        name: "Name", "이름";
        setting: "Setting", "설정";
        actions: "Actions", "작업";
        edit: "Edit", "편집";
        act_on: "{act}: {id}", "{id}: {act} 작업";
        change: "Change {id}", "{id} 변경";
        store: "Save", "저장";
        stored: "Saved.", "저장했습니다.";
        delete: "Delete", "삭제";
        deleted: "{id} is deleted.", "{id}을(를) 삭제했습니다.";
        conflict: "Somebody else has changed it meanwhile. Close this, look at what it is now, and try again.", "그사이 다른 사람이 변경했습니다. 닫고 현재 상태를 확인한 뒤 다시 시도하세요.";
        number_wanted: "A whole number", "정수여야 합니다";
        document: "As JSON", "JSON 문서";
        request: "What will run", "실행될 요청";
        revealed: "Copy it now", "지금 복사하세요";
        revealed_text: "This is shown only this once; the hub keeps nothing it could show again.", "이 값은 지금 한 번만 표시되며 허브는 다시 보여줄 값을 보관하지 않습니다.";
        waits: "This waits for somebody else’s approval, for 24 hours at most. It stands under Access, Approvals.", "다른 사람의 승인을 최대 24시간 기다립니다. ‘접근 › 승인’에서 볼 수 있습니다.";
    }
}
