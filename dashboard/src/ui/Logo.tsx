export function Logo({ large = false }: { large?: boolean }) {
  const size = large ? 40 : 26;
  return (
    <span className={large ? 'logo logo-large' : 'logo'}>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="#0f766e" />
        <path
          d="M9 12V9h3M20 9h3v3M23 20v3h-3M12 23H9v-3"
          fill="none"
          stroke="#fff"
          strokeWidth="2.4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <circle cx="16" cy="16" r="4" fill="#fff" />
      </svg>
      <span className="logo-word">SurveillX</span>
    </span>
  );
}
