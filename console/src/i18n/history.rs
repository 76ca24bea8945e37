//! The history of a twin.

texts! {
    /// Texts of the history tab.
    History {
        title: "Changes of the twin", "트윈 변경 이력";
        explained: "Who changed the twin, when, and why. The hub keeps the newest changes for a few days.", "누가, 언제, 왜 트윈을 변경했는지 보여 줍니다. 허브는 최근 변경을 며칠 동안 보관합니다.";
        filter_section: "Section", "섹션";
        all_sections: "All", "전체";
        section_tags: "Tags", "태그";
        section_desired: "Desired", "desired 속성";
        section_reported: "Reported", "reported 속성";
        refresh: "Refresh", "새로 고침";
        pages: "Pages of the changes", "변경 이력 페이지";
        empty_title: "No change is kept", "보관된 변경이 없습니다";
        empty_text: "Changes appear here as soon as somebody writes tags or properties.", "태그나 속성을 기록하면 여기에 표시됩니다.";
        column_when: "When", "시각";
        column_version: "Version", "버전";
        column_who: "Who", "변경한 주체";
        column_why: "Through", "경로";
        column_sections: "Sections", "섹션";
        column_what: "Change", "변경 내용";
        cause_service: "Back end", "백 엔드";
        cause_device: "Device", "디바이스";
        cause_job: "Job", "작업";
        cause_configuration: "Configuration", "구성";
        cause_hub: "Hub", "허브";
        cause_import: "Import", "가져오기";
        show_version: "show version {n}", "버전 {n} 보기";
        compare: "Compare with", "비교 대상";
        against_before: "The version before", "이전 버전";
        against_present: "The present", "현재";
        same: "Nothing differs.", "차이가 없습니다.";
        revert: "Go back to version {n}", "버전 {n}(으)로 되돌리기";
        revert_title: "Go back to version {n}?", "버전 {n}(으)로 되돌릴까요?";
        revert_text: "Tags and desired properties become what they were. This makes a new version and is pushed to the device. What the device reported stays.", "태그와 desired 속성이 당시 값으로 바뀝니다. 새 버전이 만들어져 디바이스에 전달되며 디바이스가 보고한 값은 그대로 유지됩니다.";
        reverted: "The twin is back at version {n}", "트윈을 버전 {n}(으)로 되돌렸습니다";
        obstacle_same: "Tags and desired properties are as they were then", "태그와 desired 속성이 당시와 같습니다";
    }
}
