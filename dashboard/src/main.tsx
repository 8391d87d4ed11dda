import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { applyTheme, theme } from './ui/preferences';
import './styles/base.css';
import './styles/shell.css';

applyTheme();
theme.subscribe(applyTheme);

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
