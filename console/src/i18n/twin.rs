//! Twin tab.

texts! {
    /// Texts of the twin editor.
    Twin {
        section: "Section", "영역";
        desired: "Desired", "희망 속성";
        tags: "Tags", "태그";
        reported: "Reported", "보고된 속성";
        version: "version {n}", "버전 {n}";
        updated: "updated {age}", "{age} 갱신됨";
        never_reported: "The device has not reported anything yet.", "디바이스가 아직 아무것도 보고하지 않았습니다.";
        reported_hint: "Only the device writes here. It shows as soon as it reports.", "디바이스만 쓸 수 있는 영역입니다. 보고하는 즉시 표시됩니다.";
        drift: "drift", "불일치";
        drift_hint: "Desired says {value}", "희망 값: {value}";
        drift_one: "{n} value differs from desired", "희망 속성과 다른 값 {n}개";
        drift_other: "{n} values differ from desired", "희망 속성과 다른 값 {n}개";
        in_step: "In step with desired", "희망 속성과 일치";
        edit_desired: "Edit desired properties as JSON", "희망 속성 JSON 편집";
        edit_tags: "Edit tags as JSON", "태그 JSON 편집";
        unchanged: "No change", "변경 없음";
        changed_one: "{n} change", "변경 {n}개";
        changed_other: "{n} changes", "변경 {n}개";
        format: "Format", "정렬";
        reset: "Discard edit", "편집 취소";
        review: "Review change", "변경 검토";
        review_title_desired: "Review change to desired", "희망 속성 변경 검토";
        review_title_tags: "Review change to tags", "태그 변경 검토";
        patch_leaves_one: "merge patch · {n} value", "병합 패치 · 값 {n}개";
        patch_leaves_other: "merge patch · {n} values", "병합 패치 · 값 {n}개";
        edit_again: "Edit again", "다시 편집";
        save: "Save", "저장";
        save_as: "Save as version {n}", "버전 {n}(으)로 저장";
        saved: "Desired properties of {id} saved as version {n}", "{id} 희망 속성을 버전 {n}(으)로 저장했습니다";
        saved_tags: "Tags of {id} saved", "{id} 태그를 저장했습니다";
        shows_patch: "What is sent", "전송 내용";
        diff_label: "Difference, old against new", "이전 내용과 새 내용의 차이";
        added: "added", "추가됨";
        removed: "removed", "삭제됨";
        folded_one: "{n} unchanged line", "변경 없는 {n}행";
        folded_other: "{n} unchanged lines", "변경 없는 {n}행";
        size: "Size", "크기";
        size_after: "Size after saving", "저장 후 크기";
        size_of: "{used} of {limit}", "{limit} 중 {used}";
        size_over: "Too large: the hub will refuse it", "너무 큽니다. 허브가 거부합니다";
        moved_title: "The twin moved while you were editing.", "편집하는 동안 트윈이 변경되었습니다.";
        moved_text: "Version {mine} is where your edit began; the hub now holds version {theirs}.", "편집은 버전 {mine}에서 시작했지만 허브에는 버전 {theirs}이(가) 있습니다.";
        moved_text_tags: "Your edit began with older tags than the hub now holds.", "편집을 시작한 뒤 허브의 태그가 바뀌었습니다.";
        moved_changes: "What changed on the hub", "허브에서 바뀐 내용";
        conflict_note: "You both changed: {paths}. Your values would win.", "양쪽에서 모두 변경한 값: {paths}. 내 값이 적용됩니다.";
        rebase: "Put my change on top", "최신 내용 위에 내 변경 적용";
        take_theirs: "Discard my change", "내 변경 버리기";
        ahead_offline: "It gets the change when it connects.", "연결되면 변경 내용을 받습니다.";
        nulls_hint: "A null value removes the key.", "null 값은 해당 키를 삭제합니다.";
    }
}
