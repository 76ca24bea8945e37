//! Sign-in page.

texts! {
    /// Texts of the sign-in page.
    SignIn {
        title: "Sign in to Skerry", "Skerry에 로그인";
        name: "Name", "이름";
        password: "Password", "비밀번호";
        link_title: "With a one-time link", "일회용 링크로 로그인";
        use_link: "Use the link", "링크 사용";
        intro: "Open the one-time link that the hub prints when it starts, or paste it here.", "허브가 시작될 때 출력하는 일회용 링크를 열거나 여기에 붙여 넣으세요.";
        expired: "Your session ended. Sign in again to go on where you were.", "세션이 종료되었습니다. 다시 로그인하면 이 화면에서 계속할 수 있습니다.";
        link_used: "This link does not work any more. Each link signs in once and only for a short time.", "이 링크는 더 이상 사용할 수 없습니다. 링크는 짧은 시간 동안 한 번만 사용할 수 있습니다.";
        field: "Sign-in link or token", "로그인 링크 또는 토큰";
        field_error: "Paste the whole link, or the token after “#sign-in=”.", "링크 전체 또는 “#sign-in=” 뒤의 토큰을 붙여 넣으세요.";
        submit: "Sign in", "로그인";
        busy: "Signing in", "로그인하는 중";
        how_title: "How to get a new link", "새 링크를 얻는 방법";
        how_restart: "Start the hub on its machine. It prints a fresh link once it serves:", "허브가 설치된 컴퓨터에서 허브를 시작하세요. 준비가 끝나면 새 링크를 출력합니다:";
        how_ask: "No access to that machine? Ask the person who runs the hub for a link.", "해당 컴퓨터에 접근할 수 없다면 허브 관리자에게 링크를 요청하세요.";
        tagline: "Device management at the edge", "엣지 디바이스 관리";
    }
}
