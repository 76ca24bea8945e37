//! The map.

texts! {
    /// Texts of the map.
    Map {
        title: "Map", "지도";
        explained: "Where devices are: as they report it, else as their tags say.", "디바이스의 위치입니다. 디바이스가 보고한 위치를, 없으면 태그의 위치를 표시합니다.";
        filters: "Filter of the map", "지도 필터";
        filter: "Condition, such as tags.site = 'bergen'", "조건 (예: tags.site = 'bergen')";
        refresh: "Refresh", "새로 고침";
        read_at: "Read {age}", "{age} 읽음";
        counting: "Counting positions", "위치를 세는 중";
        reading: "Reading {n} of {total} positions", "위치 {total}개 중 {n}개 읽는 중";
        stop: "Stop", "중지";
        go_on: "Go on", "계속";
        stopped: "Stopped at {n} of {total} positions.", "위치 {total}개 중 {n}개에서 중지했습니다.";
        failed_partly: "Only {n} of {total} positions could be read.", "위치 {total}개 중 {n}개만 읽었습니다.";
        most: "Only the first {n} of {total} positions are shown. A condition brings the others.", "위치 {total}개 중 처음 {n}개만 표시합니다. 나머지는 조건으로 찾을 수 있습니다.";
        positions_one: "{n} position", "위치 {n}개";
        positions_other: "{n} positions", "위치 {n}개";
        without_one: "{n} device has no position", "위치가 없는 디바이스 {n}개";
        without_other: "{n} devices have no position", "위치가 없는 디바이스 {n}개";
        nowhere_one: "{n} position is none on earth", "올바르지 않은 위치 {n}개";
        nowhere_other: "{n} positions are none on earth", "올바르지 않은 위치 {n}개";
        how: "How a device gets a position", "디바이스의 위치를 설정하는 방법";
        how_reported: "The device reports it, in degrees. Without that, the same location in its tags counts.", "디바이스가 도 단위로 보고합니다. 보고가 없으면 태그의 같은 location을 사용합니다.";
        label: "Map of {n} devices, {shown} of them in view, from {from} to {to}", "디바이스 {n}개의 지도, 화면에 {shown}개, {from}부터 {to}까지";
        keys: "On the map, arrows move, plus and minus zoom, 0 shows everything. The table has the same devices.", "지도에서 화살표 키로 이동하고 +와 -로 확대/축소하며 0으로 전체를 표시합니다. 표에 같은 디바이스가 있습니다.";
        nearer: "Zoom in", "확대";
        farther: "Zoom out", "축소";
        fit: "Show everything", "전체 표시";
        area: "Select an area", "영역 선택";
        area_hint: "Draw around devices. With Shift they join the selection.", "디바이스 주위를 그리세요. Shift 키를 누르면 선택에 더합니다.";
        no_land: "The outline of the land could not be loaded. Positions are right all the same.", "육지 윤곽을 불러오지 못했습니다. 위치는 그대로 정확합니다.";
        cluster: "{n} devices: {connected} connected, {disconnected} disconnected, {disabled} disabled", "디바이스 {n}개: 연결됨 {connected}, 연결 끊김 {disconnected}, 사용 안 함 {disabled}";
        together: "{n} devices at one place: {place}. All of them are in the table below.", "한 곳({place})에 있는 디바이스 {n}개. 모두 아래 표에 있습니다.";
        place_exact: "{place}, as the device reports, within {metres} m", "{place}, 디바이스가 보고함, 오차 {metres}m";
        place_reported: "{place}, as the device reports", "{place}, 디바이스가 보고함";
        place_tags: "{place}, from its tags", "{place}, 태그에서 가져옴";
        in_view: "Devices in view", "화면에 있는 디바이스";
        in_view_count: "{n} of {total}", "{total}개 중 {n}개";
        select_view: "Select what is in view", "화면에 있는 것 선택";
        none_in_view: "No device is in view here.", "이 화면에 디바이스가 없습니다.";
        select: "Select", "선택";
        select_one: "Select {id}", "{id} 선택";
        device: "Device", "디바이스";
        state: "State", "상태";
        place: "Place", "위치";
        latitude: "Latitude", "위도";
        longitude: "Longitude", "경도";
        source: "Source", "출처";
        source_reported: "Reported", "디바이스 보고";
        source_tags: "From tags", "태그";
        last_reported: "Reported", "보고 시각:";
        selected_one: "{n} device selected", "디바이스 {n}개 선택됨";
        selected_other: "{n} devices selected", "디바이스 {n}개 선택됨";
        named: "List and job are for exactly these devices, by their ids.", "목록과 작업의 대상은 ID로 지정된 바로 이 디바이스들입니다.";
        within: "Too many to name: list and job take the rectangle around them, with {n} of the devices read here.", "ID로 지정하기에는 너무 많습니다. 목록과 작업의 대상은 이들을 둘러싼 사각형 안에서 읽은 디바이스 {n}개입니다.";
        as_list: "Open as a list", "목록으로 열기";
        schedule: "Schedule a job", "작업 예약";
        copy_ids: "Copy ids", "ID 복사";
        clear_selection: "Clear selection", "선택 해제";
        empty_title: "No device says where it is", "위치를 알리는 디바이스가 없습니다";
        empty_text: "A device shows here as soon as it reports a position, or its tags have one.", "디바이스가 위치를 보고하거나 태그에 위치가 있으면 여기에 표시됩니다.";
        no_match_title: "Nothing to show on the map", "지도에 표시할 것이 없습니다";
        no_match_text: "No device that fulfils this condition has a position.", "이 조건에 맞는 디바이스 중 위치가 있는 것이 없습니다.";
    }
}
